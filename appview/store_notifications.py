"""Reads of what an account is told."""

from __future__ import annotations

from appview.cursor import FIRST, Place
from appview.state import Act
from appview.store import Store
from atp.syntax import Did

MAX_UNREAD = 1_000
"""Notifications that are counted at most."""

_SHOWN = (
    " FROM notifications n CROSS JOIN tracks t ON t.record = n.subject"
    " CROSS JOIN actors o ON o.id = t.actor AND o.active"
    " CROSS JOIN records r ON r.id = n.record"
    " CROSS JOIN actors a ON a.id = r.actor AND a.active"
    " WHERE n.owner = (SELECT id FROM actors WHERE did = ?1)"
    " AND NOT (n.kind = 'like' AND EXISTS (SELECT 1 FROM likes l WHERE l.actor = r.actor"
    "  AND l.subject = n.subject AND l.record < n.record))"
)


def notifications(store: Store, owner: Did, after: Place, limit: int) -> list[Act]:
    """What the account is told, newest first."""
    rows = store.read(
        f"SELECT n.kind, n.record, n.subject, n.sort_at{_SHOWN}"
        " AND (n.sort_at, n.record) < (?2, ?3) ORDER BY n.sort_at DESC, n.record DESC LIMIT ?4",
        (owner, after.key, after.id, limit),
    )
    return [Act(*row) for row in rows]


def unread(store: Store, owner: Did, seen_at: int | None) -> int:
    """How many are newer than a time (µs), or all of them."""
    return int(
        store.read(
            f"SELECT count(*) FROM (SELECT 1{_SHOWN} AND n.sort_at > ?2 LIMIT ?3)",  # noqa: S608
            (owner, FIRST.key if seen_at is None else seen_at, MAX_UNREAD),
        ).get
    )
