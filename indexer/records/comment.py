"""Timed comments."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from atp.cbor import Value
from indexer.records import counters
from indexer.records.row import Row, ints, subject, whole
from indexer.store import notifications


def index(conn: apsw.Connection, row: Row, value: Mapping[str, Value]) -> bool:
    """Write a comment's row."""
    about = subject(conn, value["subject"])
    if about is None:
        return True
    conn.execute(
        "INSERT INTO comments (record, actor, subject, subject_cid, position_ms, sort_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            row.record,
            row.actor,
            about.record,
            about.cid,
            whole(value, "timestampMs"),
            row.sort_at,
        ),
    )
    _count(conn, row, about.record, 1)
    if about.owner != row.actor:
        notifications.tell(
            conn, about.owner, "comment", row.record, subject=about.record, sort_at=row.sort_at
        )
    return about.known


def unindex(conn: apsw.Connection, row: Row) -> None:
    """Take a comment's row away."""
    notifications.take_back(conn, row.record)
    for about in ints(conn, "DELETE FROM comments WHERE record = ? RETURNING subject", row.record):
        _count(conn, row, about, -1)


def purge(conn: apsw.Connection, actor: int) -> None:
    """Delete all rows of an account whose counters are settled."""
    notifications.purge(conn, "comments", actor)
    conn.execute("DELETE FROM comments WHERE actor = ?", (actor,))


def _count(conn: apsw.Connection, row: Row, about: int, change: int) -> None:
    counters.hold(conn, row.actor, "comments", change)
    if row.actor_active:
        counters.add(conn, about, "comments", change)
