"""``feed.getTopTracks``: the tracks that most accounts like, ever or within a period."""

from __future__ import annotations

from functools import partial

from appview import ranked
from appview.call import Call
from appview.ranking import Query, Rankings
from appview.store import Store
from appview.store_feeds import most_liked, most_liked_since

DAY = 24 * 3_600 * 1_000_000
PERIODS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}


async def answer(store: Store, call: Call, rankings: Rankings) -> dict[str, object]:
    """A page of the ranking."""
    period = call.params.text("period")
    ranking = await rankings.page(("top", period), call, _query(period, call.now))
    return ranked.page(store, call, ranking)


def _query(period: str, now: int) -> Query:
    if period == "all":
        return most_liked
    return partial(most_liked_since, since=now - PERIODS[period])
