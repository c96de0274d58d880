"""Tracks."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from atp.cbor import Value
from indexer.records import counters
from indexer.records.row import Row, ints, text, whole

MAX_SECONDS = 10_000_000  # a claim beyond 115 days counts as this much, so that sums stay sums


def index(conn: apsw.Connection, row: Row, value: Mapping[str, Value]) -> bool:
    """Write a track's row."""
    seconds = min(whole(value, "duration"), MAX_SECONDS)
    conn.execute(
        "INSERT INTO tracks (record, actor, sort_at, title, artist, album, seconds)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            row.record,
            row.actor,
            row.sort_at,
            text(value, "title"),
            text(value, "artist"),
            text(value, "album"),
            seconds,
        ),
    )
    counters.hold(conn, row.actor, "tracks", 1)
    counters.hold(conn, row.actor, "seconds", seconds)
    return True


def unindex(conn: apsw.Connection, row: Row) -> None:
    """Take a track's row away."""
    for seconds in ints(conn, "DELETE FROM tracks WHERE record = ? RETURNING seconds", row.record):
        counters.hold(conn, row.actor, "tracks", -1)
        counters.hold(conn, row.actor, "seconds", -seconds)


def purge(conn: apsw.Connection, actor: int) -> None:
    """Delete all rows of an account whose counters are settled."""
    conn.execute("DELETE FROM tracks WHERE actor = ?", (actor,))
