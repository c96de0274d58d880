"""``server.getActorStats``: how an account's tracks do."""

from __future__ import annotations

from functools import partial

from appview import find
from appview.aside import Aside
from appview.call import Call
from appview.figures import DAY
from appview.hydrate import hydrate
from appview.rules import shown
from appview.state import Page
from appview.store import Store
from appview.store_actor_stats import actor_stats
from appview.views.actor_stats import actor_stats_view


async def answer(store: Store, call: Call, aside: Aside) -> dict[str, object]:
    """Totals, the best tracks, and what came day by day."""
    actor = find.actor(store, call.params.actor("actor"))
    today, length = call.now // DAY, call.params.number("days")
    days = range(today - length + 1, today + 1)
    query = partial(actor_stats, actor=actor.id, since=days.start * DAY)
    stats = await aside.get(("actorStats", actor.id, days.start), call.now, query)
    with store.snapshot():
        find.actor(store, actor.did)
        page = Page(tracks=tuple({*stats.liked, *stats.commented, *stats.listed}))
        state = hydrate(store, page, call)
    return actor_stats_view(stats, days, shown(page, state), state)
