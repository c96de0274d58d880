"""Addresses that a record claims and a browser may follow."""

from __future__ import annotations

from atp.cbor import Value
from atp.errors import InvalidIdentifier
from atp.syntax import Uri


def https_link(claim: Value) -> str | None:
    """The claim when it is an https URI: no scheme that runs code or leaks what is fetched."""
    if not isinstance(claim, str) or not claim.startswith("https://"):
        return None
    try:
        return Uri.parse(claim)
    except InvalidIdentifier:
        return None
