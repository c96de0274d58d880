"""Page cursors: a place in an ordered list, opaque to clients.

A place is the sort key of the last row shown and that row's id, so the next page starts right
after it whatever was inserted or deleted meanwhile; no offset ever shifts.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import NamedTuple, Self

_PLACE = re.compile(rb"(-?[0-9]{1,19}):(-?[0-9]{1,19})")
_INT64 = 2**63


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
        return urlsafe_b64encode(b"%d:%d" % (self.key, self.id)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Self:
        """The place that a cursor names. Raises `CursorError`."""
        try:
            found = _PLACE.fullmatch(urlsafe_b64decode(text + "==="))
        except ValueError as exc:
            raise CursorError from exc
        if not found:
            raise CursorError
        place = cls(int(found[1]), int(found[2]))
        in_range = all(-_INT64 <= part < _INT64 for part in (place.key, place.id))
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
