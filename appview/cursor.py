"""Page cursors: a place in an ordered list, opaque to clients.

A place is the sort key of the last row shown and that row's id, so the next page starts right
after it whatever was inserted or deleted meanwhile; no offset ever shifts.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Self

_INT64 = 2**63
_KNOWN = 4_096


class CursorError(ValueError):
    """Text that is not a cursor of ours."""

    def __init__(self) -> None:
        super().__init__("cursor is none that this server gave out; start again without one")


class Place(NamedTuple):
    """A row's place: its sort key (µs since the epoch, or a position) and its id to break ties."""

    key: int
    id: int

    def encode(self) -> str:
        """The cursor that names this place."""
        # Of digits, "-" and ":" base64 makes no character that is not safe in a URL.
        return b2a_base64(b"%d:%d" % self, newline=False).rstrip(b"=").decode()

    @classmethod
    @lru_cache(_KNOWN)
    def decode(cls, text: str) -> Self:
        """The place that a cursor names. Raises `CursorError`."""
        try:
            key, _, row = a2b_base64(text + "===").partition(b":")
            place = cls(int(key), int(row))
        except ValueError as exc:
            raise CursorError from exc
        in_range = -_INT64 <= place.key < _INT64 and -_INT64 <= place.id < _INT64
        if not in_range or place.encode() != text:
            raise CursorError
        return place


FIRST = Place(-_INT64, -_INT64)
"""Before every row in ascending order."""

LAST = Place(_INT64 - 1, _INT64 - 1)
"""Before every row in descending order."""


def page(places: Sequence[Place], limit: int) -> tuple[tuple[int, ...], str | None]:
    """The ids of the first ``limit`` of up to ``limit + 1`` places, and the cursor behind them.

    The last page has none, which is known because one place more than needed was read.
    """
    ids = tuple(place.id for place in places[:limit])
    return ids, places[limit - 1].encode() if len(places) > limit else None
