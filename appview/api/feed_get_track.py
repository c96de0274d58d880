"""``feed.getTrack``: one track."""

from __future__ import annotations

from appview import find
from appview.call import Call
from appview.hydrate import hydrate
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page, State
from appview.store import Store
from appview.views.track import track_view


def skeleton(store: Store, call: Call) -> Page:
    """The track of that URI."""
    return Page(tracks=(find.track(store, call.params.uri("uri")),))


def view(page: Page, state: State) -> dict[str, object]:
    """The track."""
    (track,) = page.tracks
    return {"track": track_view(track, state)}


answer = endpoint(skeleton, hydrate, shown, view, sole=True)
