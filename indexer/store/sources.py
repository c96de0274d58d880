"""Upstream streams and the writer's heartbeat: where we are, what each sees, and that we live."""

from __future__ import annotations

from dataclasses import dataclass

import apsw
import orjson

from indexer.eye import Point, Sight


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """What a source says of itself at a moment; times in microseconds."""

    url: str
    cursor: int | None
    connected: bool
    lag: int
    heartbeat_at: int | None
    error: str | None


def configure(conn: apsw.Connection, urls: list[str], cursor: int | None) -> None:
    """Make these the sources; one never seen before is to start at ``cursor``."""
    conn.execute("UPDATE sources SET configured = 0, connected = 0")
    conn.executemany(
        "INSERT INTO sources (url, cursor) VALUES (?, ?)"
        " ON CONFLICT (url) DO UPDATE SET configured = 1, heartbeat_at = NULL, error = NULL",
        [(url, cursor) for url in urls],
    )


def cursor(conn: apsw.Connection, url: str) -> int | None:
    """Where a source goes on; None = at the live tail."""
    row = conn.execute("SELECT cursor FROM sources WHERE url = ?", (url,)).fetchone()
    return None if row is None else row[0]


def sight(conn: apsw.Connection, url: str) -> Sight:
    """What a source saw when its cursor was last moved."""
    row = conn.execute(
        "SELECT agreed_seq, agreed_at, blind_since, rewinds, gap_at, gap_open, hosts"
        " FROM sources WHERE url = ?",
        (url,),
    ).fetchone()
    if row is None:
        return Sight()
    seq, at, blind_since, rewinds, gap_at, gap_open, hosts = row
    agreed = None if seq is None else Point(at, seq)
    known = frozenset(orjson.loads(hosts))
    return Sight(agreed, blind_since, rewinds, gap_at, bool(gap_open), known)


def move(conn: apsw.Connection, url: str, cursor: int | None, seen: Sight) -> None:
    """Move the end of a source's finished prefix, back too, and what it sees with it."""
    agreed = seen.agreed
    conn.execute(
        "UPDATE sources SET cursor = coalesce(?, cursor), agreed_seq = ?, agreed_at = ?,"
        " blind_since = ?, rewinds = ?, gap_at = ?, gap_open = ?, hosts = ? WHERE url = ?",
        (
            cursor,
            None if agreed is None else agreed.seq,
            None if agreed is None else agreed.at,
            seen.blind_since,
            seen.rewinds,
            seen.gap_at,
            seen.gap_open,
            orjson.dumps(sorted(seen.hosts)).decode(),
            url,
        ),
    )


def beat(conn: apsw.Connection, statuses: list[SourceStatus], now: int) -> None:
    """Store that the writer lives and how each source does; cursors are moved elsewhere."""
    conn.execute("UPDATE heartbeat SET at = ? WHERE id = 0", (now,))
    for status in statuses:
        conn.execute(
            "UPDATE sources SET connected = ?, lag = ?, heartbeat_at = ?, error = ? WHERE url = ?",
            (status.connected, status.lag, status.heartbeat_at, status.error, status.url),
        )
