"""``actor.getProfiles``: several accounts in the caller's order, those not shown left out."""

from __future__ import annotations

from appview import find
from appview.call import Call
from appview.hydrate import hydrate
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page, State
from appview.store import Store
from appview.views.actor import profile_view


def skeleton(store: Store, call: Call) -> Page:
    """The accounts of those DIDs and handles, each once."""
    return Page(actors=find.actors(store, call.params.actors("actors")))


def view(page: Page, state: State) -> dict[str, object]:
    """The accounts."""
    return {"profiles": [profile_view(did, state) for did in page.actors]}


answer = endpoint(skeleton, hydrate, shown, view)
