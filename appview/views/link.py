"""Addresses that a record claims and a browser may follow."""

from __future__ import annotations

from appview.media import Media
from atp.cbor import Value
from atp.errors import InvalidIdentifier
from atp.syntax import Uri


def trusted_link(claim: Value, media: Media) -> str | None:
    """The claim when it is a URI at an origin that the operator trusts."""
    if not isinstance(claim, str) or not any(
        claim.startswith(f"{origin}/") for origin in media.trusted
    ):
        return None
    try:
        return Uri.parse(claim)
    except InvalidIdentifier:
        return None
