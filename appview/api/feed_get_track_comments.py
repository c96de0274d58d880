"""``feed.getTrackComments``: comments on a track, by the moment they are about or newest first."""

from __future__ import annotations

from appview import cursor, find
from appview.call import Call
from appview.hydrate import hydrate
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page, State
from appview.store import Store
from appview.views.comment import comment_view
from appview.views.paged import paged


def skeleton(store: Store, call: Call) -> Page:
    """The comments that follow the cursor."""
    track = find.track(store, call.params.uri("uri"))
    if call.params.text("sort") == "newest":
        places = store.comments_by_time(
            track, call.params.after(cursor.LAST), call.params.limit + 1
        )
    else:
        places = store.comments_by_position(
            track, call.params.after(cursor.FIRST), call.params.limit + 1
        )
    comments, following = cursor.page(places, call.params.limit)
    return Page(comments=comments, cursor=following)


def view(page: Page, state: State) -> dict[str, object]:
    """The comments."""
    return paged(page, comments=[comment_view(comment, state) for comment in page.comments])


answer = endpoint(skeleton, hydrate, shown, view)
