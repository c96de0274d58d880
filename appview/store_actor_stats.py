"""An artist's figures. They run aside, as they look at all that came to the artist's tracks."""

from __future__ import annotations

from appview.figures import DAY, Figures, Totals
from appview.store import Store
from appview.store_feeds import FIRST_LIKE, HIDDEN

MAX_TRACKS = 5_000
"""Tracks of an artist, the latest, that the figures are about."""

MAX_ACTS = 500_000
"""Likes, comments or additions in a series of days, whichever come first."""

TOP = 10


_TRACKS = (
    "WITH own AS MATERIALIZED (SELECT t.record, t.seconds, t.sort_at, n.likes, n.comments, n.lists"  # noqa: S608
    "  FROM tracks t LEFT JOIN counters n ON n.record = t.record WHERE t.actor = ?1"
    f"  ORDER BY t.sort_at DESC, t.record DESC LIMIT {MAX_TRACKS}) "
)
_LIKES = (
    "own CROSS JOIN likes l INDEXED BY likes_by_subject ON l.subject = own.record"
    f" AND l.sort_at >= ?2 AND {FIRST_LIKE}"
)
_COMMENTS = (
    "own CROSS JOIN comments l INDEXED BY comments_by_time ON l.subject = own.record"
    " AND l.sort_at >= ?2"
)
_ADDS = (
    "(SELECT DISTINCT own.record, i.list FROM own"
    "  CROSS JOIN list_items i INDEXED BY list_items_by_subject ON i.subject = own.record) i"
    " CROSS JOIN lists l ON l.record = i.list"
    " CROSS JOIN list_adds d ON d.list = i.list AND d.subject = i.record AND d.at >= ?2"
)


def actor_stats(store: Store, actor: int, since: int) -> Figures:
    """The figures of an account; days from the one that begins at ``since``, µs."""
    totals = Totals(
        *store.read(
            f"{_TRACKS}SELECT count(*), coalesce(sum(seconds), 0), coalesce(sum(likes), 0),"  # noqa: S608
            " coalesce(sum(comments), 0), coalesce(sum(lists), 0) FROM own",
            (actor,),
        ).get
    )
    return Figures(
        totals,
        _top(store, actor, "likes"),
        _top(store, actor, "comments"),
        _top(store, actor, "lists"),
        _by_day(store, actor, since, _LIKES, "l.sort_at"),
        _by_day(store, actor, since, _COMMENTS, "l.sort_at"),
        _by_day(store, actor, since, _ADDS, "d.at"),
    )


def _top(store: Store, actor: int, count: str) -> list[int]:
    rows = store.read(
        f"{_TRACKS}SELECT record FROM own WHERE {count} > 0"  # noqa: S608
        f" ORDER BY {count} DESC, sort_at DESC, record DESC LIMIT ?2",
        (actor, TOP),
    )
    return [key for (key,) in rows]


def _by_day(store: Store, actor: int, since: int, given: str, at: str) -> dict[int, int]:
    rows = store.read(
        f"{_TRACKS}SELECT day, count(*) FROM (SELECT {at} / ?3 AS day FROM {given}"  # noqa: S608
        f" WHERE l.actor NOT IN {HIDDEN} LIMIT ?4) GROUP BY day",
        (actor, since, DAY, MAX_ACTS),
    )
    return dict(rows)
