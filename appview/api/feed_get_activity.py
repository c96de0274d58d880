"""``feed.getActivity``: what everybody, or one account, published, liked and commented on."""

from __future__ import annotations

from appview import acts, cursor, find
from appview.call import Call
from appview.hydrate import hydrate
from appview.labels import listing
from appview.pipeline import endpoint
from appview.state import Page
from appview.store import Store
from appview.store_feeds import ACTIVITIES, activity
from appview.views import act


def skeleton(store: Store, call: Call) -> Page:
    """The acts that follow the cursor."""
    whose = None
    if "actor" in call.params.values:
        whose = find.actor(store, call.params.actor("actor")).id
    kinds = call.params.texts("types") or ACTIVITIES
    limit, after = call.params.limit, call.params.after(cursor.LAST)
    return acts.page(activity(store, kinds, whose, after, limit + 1, listing(call)), limit)


answer = endpoint(skeleton, hydrate, acts.shown, act.activity)
