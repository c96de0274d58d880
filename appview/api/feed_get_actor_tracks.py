"""``feed.getActorTracks``: one account's tracks, newest first."""

from __future__ import annotations

from appview import cursor, find
from appview.call import Call
from appview.hydrate import hydrate
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page
from appview.store import Store
from appview.views.track import track_list


def skeleton(store: Store, call: Call) -> Page:
    """The account's tracks that follow the cursor."""
    actor = find.actor(store, call.params.actor("actor"))
    places = store.actor_tracks(actor.id, call.params.after(cursor.LAST), call.params.limit + 1)
    tracks, following = cursor.page(places, call.params.limit)
    return Page(tracks=tracks, cursor=following)


answer = endpoint(skeleton, hydrate, shown, track_list)
