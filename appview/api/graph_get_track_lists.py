"""``graph.getTrackLists``: the lists that hold a track, newest first."""

from __future__ import annotations

from appview import cursor, find
from appview.call import Call
from appview.hydrate import hydrate
from appview.labels import viewing
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page
from appview.store import Store
from appview.store_graph import track_lists
from appview.views.list_ import lists


def skeleton(store: Store, call: Call) -> Page:
    """The lists that follow the cursor."""
    track = find.track(store, call.params.uri("uri"))
    after, limit = call.params.after(cursor.LAST), call.params.limit
    places = track_lists(store, track, after, limit + 1, viewing(call))
    found, following = cursor.page(places, limit)
    return Page(lists=found, cursor=following)


answer = endpoint(skeleton, hydrate, shown, lists)
