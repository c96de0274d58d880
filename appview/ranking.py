"""Rankings: lists whose order moves, paged over as they stood when they were made.

A cursor names a ranking and a rank in it. The name follows from what is ranked how, so the same
ranking made twice, here or in another process, has the same name. Of a ranking that is no longer
kept no page can be given that fits the ones before: the caller starts anew.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeVar

from appview.call import Call
from appview.cursor import LAST, Place
from appview.store import Store
from atp.runtime.xrpc import XrpcError

MAX_RANKED = 1_000
"""Tracks in a ranking."""

MAX_RANKINGS = 1_000
"""Rankings kept; the one that was asked for longest ago goes first."""

LIFETIME = 10 * 60 * 1_000_000
"""µs for which a ranking can be paged over after it was made."""

T = TypeVar("T")
Query = Callable[[Store], Sequence[int]]


class Maker(Protocol):
    """What has a query read, now or not long ago; the same key stands for the same query."""

    async def get(self, key: Hashable, now: int, query: Callable[[Store], T], /) -> T:
        """What ``query`` reads."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ids of tracks, best first; ``after`` is the rank at which a page starts."""

    name: int
    ids: Sequence[int]
    after: int = 0

    def cursor(self, rank: int) -> str:
        """The cursor of the page that starts at a rank."""
        return Place(rank, self.name).encode()


class Rankings:
    """The rankings of one process."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._kept: OrderedDict[tuple[Hashable, int], tuple[int, Sequence[int]]] = OrderedDict()

    async def page(self, key: Hashable, call: Call, query: Query) -> Ranking:
        """The ranking that the call's cursor names, else the one that ``query`` makes now.

        The same ``key`` stands for the same query. Raises `XrpcError`, also `CursorExpired`.
        """
        place = call.params.after(LAST)
        if place != LAST:
            return self._named(key, place, call.now)
        ids = await self._maker.get(key, call.now, lambda store: array("q", query(store)))
        name = int.from_bytes(sha256(repr(key).encode() + ids.tobytes()).digest()[:7])
        self._kept[key, name] = call.now, ids
        self._kept.move_to_end((key, name))
        if len(self._kept) > MAX_RANKINGS:
            self._kept.popitem(last=False)
        return Ranking(name, ids)

    def _named(self, key: Hashable, place: Place, now: int) -> Ranking:
        made, ids = self._kept.get((key, place.id), (now - LIFETIME, ()))
        if now - made >= LIFETIME or not 0 <= place.key < len(ids):
            message = "the ranking that the cursor is of is no longer kept; start again without one"
            raise XrpcError(400, "CursorExpired", message)
        self._kept.move_to_end((key, place.id))
        return Ranking(place.id, ids, place.key)
