"""``actor.getSuggestions``: artists whom others like lately and the caller does not yet.

The rank is how many accounts gave a like to any of an artist's tracks within the period; artists
nobody likes follow, so that a young network has some too, and the newest tracks go first among
equals. What is left out by label is left out of a page and not of the ranking.
"""

from __future__ import annotations

from functools import partial

from appview.call import Call
from appview.hydrate import hydrate
from appview.labels import listing
from appview.pipeline import endpoint
from appview.ranking import Ranking, Rankings
from appview.rules import shown
from appview.state import Page, State
from appview.store import Store
from appview.store_actors import listed_ranks, suggested
from appview.views.actor import profile_view
from appview.views.paged import paged

PERIOD = 30 * 24 * 3_600 * 1_000_000
"""µs of which likes count."""


async def answer(store: Store, call: Call, rankings: Rankings) -> dict[str, object]:
    """A page of the ranking."""
    query = partial(suggested, viewer=call.viewer, since=call.now - PERIOD)
    ranking = await rankings.page(("suggestions", call.viewer), call, query)
    return endpoint(partial(skeleton, ranking=ranking), hydrate, shown, view)(store, call)


def skeleton(store: Store, call: Call, ranking: Ranking) -> Page:
    """The artists from the ranking's place on."""
    limit = call.params.limit
    found = listed_ranks(store, ranking.ids, ranking.after, limit + 1, listing(call))
    return Page(
        actors=tuple(did for _, did in found[:limit]),
        cursor=ranking.cursor(found[limit][0]) if len(found) > limit else None,
    )


def view(page: Page, state: State) -> dict[str, object]:
    """The artists."""
    return paged(page, actors=[profile_view(did, state) for did in page.actors])
