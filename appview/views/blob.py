"""Addresses at which we serve the blobs of other people's repositories."""

from __future__ import annotations

from urllib.parse import quote

from appview.media import Media
from atp.cid import Cid
from atp.syntax import Did


def blob_url(media: Media, did: Did, cid: Cid) -> str:
    """Where a blob that a shown record of ``did`` refers to is served; ``state.media`` says."""
    # A did:web with a port has a percent sign of its own.
    return f"{media.blobs}/blob/{quote(did, safe=':')}/{cid}"
