"""Bluesky profiles of known accounts: where display names and avatars come from."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from atp.cbor import Value
from atp.data import blob_refs
from indexer.records import blobs
from indexer.records.row import Row, text
from indexer.store import search


def index(conn: apsw.Connection, row: Row, value: Mapping[str, Value]) -> bool:
    """Write what we show of a Bluesky profile."""
    avatar = next(iter(blob_refs(value.get("avatar"))), None)
    conn.execute(
        "INSERT INTO bsky_profiles (record, actor, display_name, avatar_cid, avatar_type)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            row.record,
            row.actor,
            text(value, "displayName"),
            None if avatar is None else str(avatar.cid),
            None if avatar is None else avatar.mime_type,
        ),
    )
    if avatar is not None:
        blobs.put(conn, row, [avatar])
    search.put_actor(conn, row.actor)
    return True


def unindex(conn: apsw.Connection, row: Row) -> None:
    """Take a Bluesky profile's row away."""
    conn.execute("DELETE FROM bsky_profiles WHERE record = ?", (row.record,))
    blobs.drop(conn, row)
    search.put_actor(conn, row.actor)


def purge(conn: apsw.Connection, actor: int) -> None:
    """Delete all rows of an account."""
    conn.execute("DELETE FROM bsky_profiles WHERE actor = ?", (actor,))
    blobs.purge(conn, actor)
    search.put_actor(conn, actor)
