"""``actor.getProfile``: one account, with how much it has published."""

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
    """The account of that DID or handle."""
    return Page(actors=(find.actor(store, call.params.actor("actor")).did,))


def view(page: Page, state: State) -> dict[str, object]:
    """The account."""
    (did,) = page.actors
    return profile_view(did, state)


answer = endpoint(skeleton, hydrate, shown, view, sole=True)
