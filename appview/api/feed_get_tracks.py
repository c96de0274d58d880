"""``feed.getTracks``: several tracks in the caller's order, those not shown left out."""

from __future__ import annotations

from appview import find
from appview.call import Call
from appview.hydrate import hydrate
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page
from appview.store import Store
from appview.views.track import track_list


def skeleton(store: Store, call: Call) -> Page:
    """The tracks of those URIs."""
    return Page(tracks=find.tracks(store, call.params.uris("uris")))


answer = endpoint(skeleton, hydrate, shown, track_list)
