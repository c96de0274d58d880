"""Guest artists of a track."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from atp.cbor import Value
from atp.errors import InvalidIdentifier
from atp.syntax import Did


def features(guests: Value) -> tuple[Did, ...]:
    """The accounts that a track's ``features`` credit, each once, in their order.

    Old records name them by bare DID.
    """
    named = [
        guest.get("did") if isinstance(guest, dict) else guest
        for guest in (guests if isinstance(guests, list) else ())
    ]
    return tuple(dict.fromkeys(did for text in named for did in _did(text)))


def _did(text: Value) -> Iterator[Did]:
    if isinstance(text, str):
        with suppress(InvalidIdentifier):
            yield Did.parse(text)
