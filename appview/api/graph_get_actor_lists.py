"""``graph.getActorLists``: one account's lists, newest first, or those of one type."""

from __future__ import annotations

from appview import cursor, find
from appview.call import Call
from appview.hydrate import hydrate
from appview.labels import viewing
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page
from appview.store import Store
from appview.store_graph import actor_lists
from appview.views.list_ import lists


def skeleton(store: Store, call: Call) -> Page:
    """The lists that follow the cursor."""
    owner = find.actor(store, call.params.actor("actor"))
    list_type = call.params.text("listType") if "listType" in call.params.values else None
    after, limit = call.params.after(cursor.LAST), call.params.limit
    places = actor_lists(store, owner.id, after, limit + 1, viewing(call), list_type=list_type)
    found, following = cursor.page(places, limit)
    return Page(lists=found, cursor=following)


answer = endpoint(skeleton, hydrate, shown, lists)
