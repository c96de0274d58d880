"""``graph.searchLists``: albums and playlists by their name, best match first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from appview import searches
from appview.call import Call
from appview.hydrate import hydrate
from appview.pasted import Pasted
from appview.pipeline import endpoint
from appview.ranking import Ranking, Rankings
from appview.rules import shown
from appview.state import Page, State
from appview.store import FoundActor, Store
from appview.store_search import held, of_album
from appview.views.list_ import list_view
from appview.views.paged import paged
from indexer.schema import Kind


async def answer(store: Store, call: Call, rankings: Rankings) -> dict[str, object]:
    """A page of what matches."""
    ranking = await searches.ranking(call, rankings, Kind.LIST, named)
    return endpoint(partial(skeleton, ranking=ranking), hydrate, shown, view)(store, call)


def skeleton(store: Store, call: Call, ranking: Ranking) -> Page:
    """The lists from the ranking's place on."""
    lists, cursor = searches.listed(store, call, Kind.LIST, ranking)
    return Page(lists=lists, cursor=cursor)


def view(page: Page, state: State) -> dict[str, object]:
    """A page of lists."""
    return paged(page, lists=[list_view(key, state) for key in page.lists])


def named(store: Store, actor: FoundActor, link: Pasted) -> Sequence[int]:
    """A list by its URI, an album by its link, an account's lists by its handle or DID."""
    if link.record:
        return [*store.find_lists([link.of(actor.did)]).values()]
    if link.album:
        return of_album(store, "lists", actor.id, link.album)
    return held(store, "lists", actor.id)
