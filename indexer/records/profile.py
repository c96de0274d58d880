"""plyr profiles: one a repo, at the key ``self``."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from atp.cbor import Value
from indexer.records.row import Row, text
from indexer.store import search


def index(conn: apsw.Connection, row: Row, value: Mapping[str, Value]) -> bool:
    """Write a profile's row."""
    conn.execute(
        "INSERT INTO profiles (record, actor, bio, avatar) VALUES (?, ?, ?, ?)",
        (row.record, row.actor, text(value, "bio"), text(value, "avatar")),
    )
    search.put_actor(conn, row.actor)
    return True


def unindex(conn: apsw.Connection, row: Row) -> None:
    """Take a profile's row away."""
    conn.execute("DELETE FROM profiles WHERE record = ?", (row.record,))
    search.put_actor(conn, row.actor)


def purge(conn: apsw.Connection, actor: int) -> None:
    """Delete all rows of an account."""
    conn.execute("DELETE FROM profiles WHERE actor = ?", (actor,))
    search.put_actor(conn, actor)
