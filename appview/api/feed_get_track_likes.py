"""``feed.getTrackLikes``: who likes a track, the latest first, each account once."""

from __future__ import annotations

from appview import cursor, find
from appview.call import Call
from appview.hydrate import hydrate
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page, State
from appview.store import Store
from appview.views.like import like_view
from appview.views.paged import paged


def skeleton(store: Store, call: Call) -> Page:
    """The likes that follow the cursor."""
    track = find.track(store, call.params.uri("uri"))
    places = store.track_likes(track, call.params.after(cursor.LAST), call.params.limit + 1)
    likes, following = cursor.page(places, call.params.limit)
    return Page(likes=likes, cursor=following)


def view(page: Page, state: State) -> dict[str, object]:
    """The likes."""
    return paged(page, likes=[like_view(like, state) for like in page.likes])


answer = endpoint(skeleton, hydrate, shown, view)
