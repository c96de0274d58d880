"""``feed.getLatestTracks``: everybody's tracks, newest first."""

from __future__ import annotations

from appview import cursor
from appview.call import Call
from appview.fragments import Fragments, Walk
from appview.hydrate import hydrate
from appview.labels import listing
from appview.pipeline import Given, endpoint
from appview.rules import shown
from appview.state import Page
from appview.store import Store
from appview.views.track import track_list


def skeleton(store: Store, call: Call) -> Page:
    """The tracks that follow the cursor."""
    places = store.latest_tracks(
        call.params.after(cursor.LAST), call.params.limit + 1, listing(call)
    )
    tracks, following = cursor.page(places, call.params.limit)
    return Page(tracks=tracks, cursor=following)


_page = endpoint(skeleton, hydrate, shown, track_list)


def answer(store: Store, call: Call, fragments: Fragments) -> Given:
    """A page, from fragments where the caller sees what everybody does."""
    if fragments.serve(call):
        return fragments.page(store, call, walk, "listed")
    return _page(store, call)


def walk(store: Store, _call: Call) -> Walk:
    """Everybody's tracks."""
    return Walk(None, store.latest_tracks)
