"""Upstream streams and the writer's heartbeat: where we are, and that we live."""

from __future__ import annotations

from dataclasses import dataclass

import apsw


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


def move(conn: apsw.Connection, url: str, cursor: int) -> None:
    """Move the end of a source's finished prefix."""
    conn.execute("UPDATE sources SET cursor = ? WHERE url = ?", (cursor, url))


def beat(conn: apsw.Connection, statuses: list[SourceStatus], now: int) -> None:
    """Store that the writer lives and how each source does; cursors are moved elsewhere."""
    conn.execute("UPDATE heartbeat SET at = ? WHERE id = 0", (now,))
    for status in statuses:
        conn.execute(
            "UPDATE sources SET connected = ?, lag = ?, heartbeat_at = ?, error = ? WHERE url = ?",
            (status.connected, status.lag, status.heartbeat_at, status.error, status.url),
        )
