"""An append-only log in a table of its own, shared by the index and the labels.

A sequence number is `max(last + 1, microseconds since the epoch)`. The last one given is kept in
`event_head` and not read off the events, so it is never given twice even when the newest events
have been deleted; and after a rebuild or a restore from an old backup the clock has moved on, so
that numbers jump ahead of all that were ever sent. Readers therefore meet gaps, which mean nothing.

Every function runs inside its caller's transaction: an event and what it tells commit together.
A store puts `SCHEMA` first among its migrations, so its text never changes once released.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

SCHEMA = """
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,     -- microseconds since the epoch, as the writer's clock said
    kind TEXT NOT NULL,
    payload BLOB NOT NULL
) STRICT;

CREATE TABLE event_head (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    last INTEGER NOT NULL,   -- the highest seq ever given
    trimmed INTEGER NOT NULL -- the highest seq ever deleted by trim
) STRICT;

INSERT INTO event_head VALUES (1, 0, 0);
"""


def append(conn: apsw.Connection, now_micros: int, kind: str, payload: bytes) -> int:
    """Add an event and return its sequence number."""
    return append_all(conn, now_micros, [(kind, payload)])


def append_all(conn: apsw.Connection, now_micros: int, events: Sequence[tuple[str, bytes]]) -> int:
    """Add events, kind and payload of each, and return the last sequence number."""
    if not events:
        return last_seq(conn)
    last = int(
        conn.execute(
            "UPDATE event_head SET last = max(last + 1, ?) + ? - 1 RETURNING last",
            (now_micros, len(events)),
        ).get
    )
    conn.executemany(
        "INSERT INTO event (seq, at, kind, payload) VALUES (?, ?, ?, ?)",
        [
            (seq, now_micros, kind, payload)
            for seq, (kind, payload) in enumerate(events, last - len(events) + 1)
        ],
    )
    return last


def read_after(conn: apsw.Connection, seq: int, limit: int) -> list[tuple[int, str, bytes]]:
    """At most `limit` events after `seq`, oldest first, as (seq, kind, payload)."""
    return list(
        conn.execute(
            "SELECT seq, kind, payload FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
        )
    )


def last_seq(conn: apsw.Connection) -> int:
    """The highest sequence number ever given; 0 when there was none."""
    return int(conn.execute("SELECT last FROM event_head").get)


def first_seq(conn: apsw.Connection) -> int:
    """From this number on every event is still here.

    A reader has lost events just when its cursor is less than this minus one.
    """
    return int(conn.execute("SELECT trimmed + 1 FROM event_head").get)


def trim(conn: apsw.Connection, before: int) -> int:
    """Delete the events with a sequence number less than `before`; return how many there were.

    As numbers follow the clock, `before` may be a time in microseconds.
    """
    conn.execute(
        "UPDATE event_head SET trimmed = coalesce("
        "(SELECT max(seq) FROM event WHERE seq < ?), trimmed)",
        (before,),
    )
    conn.execute("DELETE FROM event WHERE seq < ?", (before,))
    return conn.changes()
