"""Reads for feeds and rankings.

Those that a page waits for walk an index from the page's place. Those that make a ranking look at
more, up to the bounds below, and run aside (`appview.aside`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from appview.cursor import Place
from appview.ranking import MAX_RANKED
from appview.state import Act
from appview.store import Store
from appview.store_listed import listed

MAX_GIVEN = 500_000
"""Likes of a period, the latest, that a ranking counts."""

HIDDEN = "(SELECT id FROM actors WHERE NOT upstream_active OR takedown IS NOT NULL)"
FIRST_LIKE = (
    "NOT EXISTS (SELECT 1 FROM likes o WHERE o.actor = l.actor AND o.subject = l.subject"
    " AND o.record < l.record)"
)
"""Of an account's several likes of a track, the one that is counted: that came first."""


def listed_ranks(
    store: Store, ids: Sequence[int], after: int, limit: int, given: str
) -> list[tuple[int, int]]:
    """The first tracks from a rank on that may be listed, each with its rank."""
    return [
        (after + place, key)
        for place, key in store.read(
            "SELECT j.key, j.value FROM json_each(?1) j"  # noqa: S608
            " CROSS JOIN tracks t ON t.record = j.value"
            " CROSS JOIN actors a ON a.id = t.actor AND a.active"
            f" WHERE {listed('t.record', 't.actor', '?2')} LIMIT ?3",
            (json.dumps(list(ids[after:])), given, limit),
        )
    ]


def most_liked(store: Store) -> list[int]:
    """The tracks that most accounts like."""
    return _ids(
        store,
        "SELECT n.record FROM counters n INDEXED BY counters_by_likes"
        " CROSS JOIN tracks t ON t.record = n.record"
        " CROSS JOIN actors a ON a.id = t.actor AND a.active WHERE n.likes > 0"
        " ORDER BY n.likes DESC, n.record DESC LIMIT ?1",
        (MAX_RANKED,),
    )


def most_liked_since(store: Store, since: int) -> list[int]:
    """The tracks that most accounts gave a like since a time (µs)."""
    return _ids(
        store,
        "SELECT g.subject FROM (SELECT l.subject, count(DISTINCT l.actor) AS given"  # noqa: S608
        "  FROM (SELECT subject, actor FROM likes WHERE sort_at > ?1"
        "   ORDER BY sort_at DESC, record DESC LIMIT ?2) l"
        f"  WHERE l.actor NOT IN {HIDDEN} GROUP BY l.subject) g"
        " CROSS JOIN tracks t ON t.record = g.subject"
        " CROSS JOIN actors a ON a.id = t.actor AND a.active"
        " ORDER BY g.given DESC, g.subject DESC LIMIT ?3",
        (since, MAX_GIVEN, MAX_RANKED),
    )


def actor_likes(store: Store, actor: int, after: Place, limit: int, given: str) -> list[Act]:
    """One account's likes of shown tracks, newest first, each track once."""
    rows = store.read(
        "SELECT l.record, l.subject, l.sort_at FROM likes l INDEXED BY likes_by_actor_time"  # noqa: S608
        " CROSS JOIN tracks t ON t.record = l.subject"
        " CROSS JOIN actors a ON a.id = t.actor AND a.active"
        " WHERE l.actor = ?1 AND (l.sort_at, l.record) < (?2, ?3)"
        f" AND {FIRST_LIKE} AND {listed('t.record', 't.actor', '?5')}"
        " ORDER BY l.sort_at DESC, l.record DESC LIMIT ?4",
        (actor, after.key, after.id, limit, given),
    )
    return [Act("like", record, track, at) for record, track, at in rows]


_ABOUT = (
    " CROSS JOIN tracks t ON t.record = l.subject"
    " CROSS JOIN actors o ON o.id = t.actor AND o.active"
)
_ABOUT_LISTED = f" AND {listed('t.record', 't.actor', '?4')}"
_SORTS = {
    "track": ("tracks", "l.record", "", ""),
    "like": ("likes", "l.subject", _ABOUT, f" AND {FIRST_LIKE}{_ABOUT_LISTED}"),
    "comment": ("comments", "l.subject", _ABOUT, _ABOUT_LISTED),
    "list": ("lists", "NULL", "", ""),
}
"""Of each kind: its table, the track, how that is joined, and what else is asked of it."""

ACTIVITIES = tuple(_SORTS)


def activity(  # noqa: PLR0917 - whose acts, and which page of them
    store: Store, kinds: Collection[str], actor: int | None, after: Place, limit: int, given: str
) -> list[Act]:
    """What everybody, or one account, did, newest first."""
    parts = " UNION ALL ".join(_acts(kind, everybody=actor is None) for kind in sorted(set(kinds)))
    rows = store.read(
        f"{parts} ORDER BY 4 DESC, 2 DESC LIMIT ?3",
        (after.key, after.id, limit, given, *(() if actor is None else (actor,))),
    )
    return [Act(*row) for row in rows]


def _acts(kind: str, *, everybody: bool) -> str:
    """The newest acts of a kind, as a part of a union."""
    table, track, about, condition = _SORTS[kind]
    index = f"{table}_latest"
    whose = ""
    if not everybody:
        index = "likes_by_actor_time" if table == "likes" else f"{table}_by_actor"
        whose = "l.actor = ?5 AND "
    return (
        f"SELECT * FROM (SELECT '{kind}', l.record, {track}, l.sort_at"  # noqa: S608
        f" FROM {table} l INDEXED BY {index}"
        f" CROSS JOIN actors a ON a.id = l.actor AND a.active{about}"
        f" WHERE {whose}(l.sort_at, l.record) < (?1, ?2)"
        f" AND {listed('l.record', 'l.actor', '?4')}{condition}"
        " ORDER BY l.sort_at DESC, l.record DESC LIMIT ?3)"
    )


def _ids(store: Store, sql: str, values: tuple[object, ...]) -> list[int]:
    return [key for (key,) in store.read(sql, values)]
