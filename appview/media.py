"""Where sounds and pictures may come from, and where ours are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

TRUSTED: Final = ("https://audio.plyr.fm", "https://images.plyr.fm")
"""Origins of plyr.fm's own media."""


@dataclass(frozen=True, slots=True)
class Media:
    """What views need to know of addresses.

    ``blobs`` is the base URL of links to blobs; ``trusted`` are the origins to which a record's own
    addresses may lead: any other would let its author see who listens.
    """

    blobs: str = "http://localhost:8080"
    trusted: Sequence[str] = TRUSTED


LOCAL: Final = Media()
"""What a first run on this machine has."""
