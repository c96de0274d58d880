"""Which accounts' handles are due for another look, and what came of it."""

from __future__ import annotations

import apsw

from atp.syntax import Did, Handle


def due(conn: apsw.Connection, now: int, limit: int) -> list[Did]:
    """The accounts whose handle is to be verified, longest waiting first."""
    return [
        Did(did)
        for (did,) in conn.execute(
            "SELECT did FROM actors WHERE handle_due <= ? ORDER BY handle_due LIMIT ?", (now, limit)
        )
    ]


def schedule(conn: apsw.Connection, actor_id: int, at: int) -> None:
    """Have an account's identity looked up at a time."""
    conn.execute("UPDATE actors SET handle_due = ? WHERE id = ?", (at, actor_id))


def store(
    conn: apsw.Connection, did: Did, handle: Handle | None, pds: str | None, due_at: int
) -> bool:
    """Store a verified identity (None keeps the old value); return whether the handle changed."""
    row = conn.execute("SELECT handle FROM actors WHERE did = ?", (did,)).fetchone()
    conn.execute(
        "UPDATE actors SET handle = coalesce(?, handle), pds = coalesce(?, pds), handle_due = ?"
        " WHERE did = ? AND handle_due IS NOT NULL",
        (handle, pds, due_at, did),
    )
    return row is not None and handle is not None and row[0] != handle
