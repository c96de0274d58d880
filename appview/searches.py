"""A search as an answer: what a text names and what matches it, ranked, and a page of that.

Which entries are listed for a caller is asked when a page is read and not when they are ranked, so
one ranking serves all, and what is hidden meanwhile is gone from its later pages.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from appview import find
from appview.call import Call
from appview.labels import listing
from appview.pasted import Pasted, pasted
from appview.ranking import Ranking, Rankings
from appview.search import Match, Query, Tier
from appview.store import FoundActor, Store
from appview.store_search import Finder, listed_ranks
from atp.runtime.xrpc import XrpcError
from indexer.schema import Kind
from lexicons.fold import words

T = TypeVar("T")
Named = Callable[[Store, FoundActor, Pasted], Sequence[int]]
"""The keys of what a pasted text names, of one kind, of an account that is shown."""


class AtOnce:
    """Has each ranking made anew, at once: a search is bounded, and what it finds is to be new."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, _key: Hashable, _now: int, query: Callable[[Store], T]) -> T:
        """What ``query`` reads now."""
        with self._store.snapshot():
            return query(self._store)


async def ranking(call: Call, rankings: Rankings, kind: Kind, named: Named) -> Ranking:
    """What matches the parameter ``q``, ranked now or when the cursor's ranking was made."""
    text = call.params.text("q")

    def keys(store: Store) -> list[int]:
        return [match.key for match in search(store, kind, text, named)]

    return await rankings.page(("search", kind, text), call, keys)


def search(store: Store, kind: Kind, text: str, named: Named) -> list[Match]:
    """What matches a text, best first."""
    query = Query(words(text))
    link = pasted(text)
    first = dict.fromkeys(_named(store, link, named) if link else ())
    found = query.rank(Finder(store, kind).find(query))
    return [
        *(Match(Tier.NAMED, key) for key in first),
        *(match for match in found if match.key not in first),
    ]


def listed(
    store: Store, call: Call, kind: Kind, ranking: Ranking
) -> tuple[tuple[int, ...], str | None]:
    """The keys on the call's page of a ranking, and the cursor of the next."""
    limit, after = call.params.limit, ranking.after
    found = listed_ranks(store, kind, ranking.ids[after:], limit + 1, listing(call))
    cursor = ranking.cursor(after + found[limit][0]) if len(found) > limit else None
    return tuple(key for _, key in found[:limit]), cursor


def _named(store: Store, link: Pasted, named: Named) -> Sequence[int]:
    try:
        return named(store, find.actor(store, link.actor), link)
    except XrpcError:
        return ()
