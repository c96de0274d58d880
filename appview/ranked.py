"""Answers that are a page of a ranking of tracks.

What is left out for a caller, by account or label, is left out of the page and not of the ranking,
so that one ranking serves all.
"""

from __future__ import annotations

from functools import partial

from appview.call import Call
from appview.hydrate import hydrate
from appview.labels import listing
from appview.pipeline import endpoint
from appview.ranking import Ranking
from appview.rules import shown
from appview.state import Page
from appview.store import Store
from appview.store_feeds import listed_ranks
from appview.views.track import track_list


def page(store: Store, call: Call, ranking: Ranking) -> dict[str, object]:
    """The tracks that follow."""
    return endpoint(partial(skeleton, ranking=ranking), hydrate, shown, track_list)(store, call)


def skeleton(store: Store, call: Call, ranking: Ranking) -> Page:
    """The ids from the ranking's place on."""
    limit = call.params.limit
    found = listed_ranks(store, ranking.ids, ranking.after, limit + 1, listing(call))
    return Page(
        tracks=tuple(key for _, key in found[:limit]),
        cursor=ranking.cursor(found[limit][0]) if len(found) > limit else None,
    )
