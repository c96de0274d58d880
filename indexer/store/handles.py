"""Which accounts' handles are due for another look, and what came of it."""

from __future__ import annotations

import apsw

from atp.syntax import Did, Handle
from indexer.store import search

FIRST_WAIT = 60_000_000
LAST_WAIT = 86_400_000_000
"""Microseconds to the next look when nobody could tell: doubled each time, up to the second."""


def due(conn: apsw.Connection, now: int, limit: int) -> list[tuple[Did, int]]:
    """The accounts whose handle is to be verified, longest waiting first, and since when."""
    return [
        (Did(did), since)
        for did, since in conn.execute(
            "SELECT did, handle_due FROM actors WHERE handle_due <= ? ORDER BY handle_due LIMIT ?",
            (now, limit),
        )
    ]


def is_due_since(conn: apsw.Connection, did: Did, since: int) -> bool:
    """Whether nothing has scheduled the account anew."""
    found = conn.execute("SELECT 1 FROM actors WHERE did = ? AND handle_due = ?", (did, since))
    return found.fetchone() is not None


def hasten(conn: apsw.Connection, did: Did, at: int) -> None:
    """Have an account that is looked up from time to time looked up at this one."""
    query = "UPDATE actors SET handle_due = ? WHERE did = ? AND handle_due IS NOT NULL"
    conn.execute(query, (at, did))


def schedule(conn: apsw.Connection, actor_id: int, at: int) -> None:
    """Have an account's identity looked up at a time, for there is news of it."""
    conn.execute("UPDATE actors SET handle_due = ?, handle_tries = 0 WHERE id = ?", (at, actor_id))


def store(conn: apsw.Connection, did: Did, handle: Handle, pds: str | None, due_at: int) -> bool:
    """Store what was found (a PDS of None keeps the old one); return whether the handle changed."""
    row = conn.execute("SELECT handle, id FROM actors WHERE did = ?", (did,)).fetchone()
    conn.execute(
        "UPDATE actors SET handle = ?, pds = coalesce(?, pds), handle_due = ?, handle_tries = 0"
        " WHERE did = ? AND handle_due IS NOT NULL",
        (handle, pds, due_at, did),
    )
    if row is None or row[0] == handle:
        return False
    search.put_actor(conn, row[1])
    return True


def postpone(conn: apsw.Connection, did: Did, pds: str | None, now: int) -> None:
    """Store that nobody could tell; ``pds`` is its PDS where at least that is known."""
    conn.execute(
        "UPDATE actors SET pds = coalesce(?1, pds), handle_tries = handle_tries + 1,"
        " handle_due = ?2 + min(?3 << min(handle_tries, 32), ?4)"
        " WHERE did = ?5 AND handle_due IS NOT NULL",
        (pds, now, FIRST_WAIT, LAST_WAIT, did),
    )
