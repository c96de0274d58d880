"""Likes. One account can hold several like records for one subject; it counts once."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from atp.cbor import Value
from indexer.records import counters
from indexer.records.row import Row, ints, subject
from indexer.store import notifications


def index(conn: apsw.Connection, row: Row, value: Mapping[str, Value]) -> bool:
    """Write a like's row; the account's first for its subject moves the counters."""
    liked = subject(conn, value["subject"])
    if liked is None:
        return True
    if not _likes(conn, row.actor, liked.record):
        _count(conn, row, liked.record, 1)
    conn.execute(
        "INSERT INTO likes (record, actor, subject, subject_cid, sort_at) VALUES (?, ?, ?, ?, ?)",
        (row.record, row.actor, liked.record, liked.cid, row.sort_at),
    )
    if liked.owner != row.actor:
        notifications.tell(
            conn, liked.owner, "like", row.record, subject=liked.record, sort_at=row.sort_at
        )
    return liked.known


def unindex(conn: apsw.Connection, row: Row) -> None:
    """Take a like's row away; the account's last for its subject moves the counters."""
    notifications.take_back(conn, row.record)
    for liked in ints(conn, "DELETE FROM likes WHERE record = ? RETURNING subject", row.record):
        if not _likes(conn, row.actor, liked):
            _count(conn, row, liked, -1)


def purge(conn: apsw.Connection, actor: int) -> None:
    """Delete all rows of an account whose counters are settled."""
    notifications.purge(conn, "likes", actor)
    conn.execute("DELETE FROM likes WHERE actor = ?", (actor,))


def _likes(conn: apsw.Connection, actor: int, liked: int) -> bool:
    found = conn.execute(
        "SELECT 1 FROM likes WHERE actor = ? AND subject = ? LIMIT 1", (actor, liked)
    )
    return found.fetchone() is not None


def _count(conn: apsw.Connection, row: Row, liked: int, change: int) -> None:
    counters.hold(conn, row.actor, "likes", change)
    if row.actor_active:
        counters.add(conn, liked, "likes", change)
