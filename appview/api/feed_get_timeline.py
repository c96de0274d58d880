"""``feed.getTimeline``: tracks by the accounts that the caller follows on Bluesky, newest first.

As long as the caller's follows are not all known here, an answer says that it is partial. That is
looked up before the page is read: what is not called partial was read from all of them.
"""

from __future__ import annotations

from appview import cursor
from appview.call import Call
from appview.hydrate import hydrate
from appview.labels import listing
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page
from appview.store import Store
from appview.store_timeline import knows_follows, timeline
from appview.timeline import Viewers
from appview.views.track import track_list
from atp.runtime.xrpc import XrpcError


def skeleton(store: Store, call: Call) -> Page:
    """The tracks that follow the cursor."""
    assert call.viewer, "nobody has no timeline"
    after, limit = call.params.after(cursor.LAST), call.params.limit
    places = timeline(store, call.viewer, after, limit + 1, listing(call))
    tracks, following = cursor.page(places, limit)
    return Page(tracks=tracks, cursor=following)


_page = endpoint(skeleton, hydrate, shown, track_list)


async def answer(store: Store, call: Call, viewers: Viewers) -> dict[str, object]:
    """A page, of what is known."""
    if call.viewer is None:
        message = "Whose timeline? Call through the account's PDS, with atproto-proxy"
        raise XrpcError(401, "AuthMissing", message, ((b"www-authenticate", b"Bearer"),))
    await viewers.ask(store, call.viewer)
    complete = knows_follows(store, call.viewer)
    page = _page(store, call)
    assert isinstance(page, dict)
    return page if complete else {**page, "partial": True}
