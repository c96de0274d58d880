"""``feed.getActorLikes``: the tracks that an account likes, the latest liked first."""

from __future__ import annotations

from appview import acts, cursor, find
from appview.call import Call
from appview.hydrate import hydrate
from appview.labels import viewing
from appview.pipeline import endpoint
from appview.state import Page
from appview.store import Store
from appview.store_feeds import actor_likes
from appview.views import act


def skeleton(store: Store, call: Call) -> Page:
    """The likes that follow the cursor."""
    actor = find.actor(store, call.params.actor("actor"))
    limit, after = call.params.limit, call.params.after(cursor.LAST)
    return acts.page(actor_likes(store, actor.id, after, limit + 1, viewing(call)), limit)


answer = endpoint(skeleton, hydrate, acts.shown, act.actor_likes)
