"""``actor.searchActors``: accounts by display name, handle and bio, best match first."""

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
from appview.store_search import dids
from appview.views.actor import profile_view
from appview.views.paged import paged
from indexer.schema import Kind


async def answer(store: Store, call: Call, rankings: Rankings) -> dict[str, object]:
    """A page of who matches."""
    ranking = await searches.ranking(call, rankings, Kind.ACTOR, named)
    return endpoint(partial(skeleton, ranking=ranking), hydrate, shown, view)(store, call)


def skeleton(store: Store, call: Call, ranking: Ranking) -> Page:
    """The accounts from the ranking's place on."""
    actors, cursor = searches.listed(store, call, Kind.ACTOR, ranking)
    return Page(actors=dids(store, actors), cursor=cursor)


def view(page: Page, state: State) -> dict[str, object]:
    """A page of accounts."""
    return paged(page, actors=[profile_view(did, state) for did in page.actors])


def named(_store: Store, actor: FoundActor, _link: Pasted) -> Sequence[int]:
    """The account itself, or that of what is named."""
    return [actor.id]
