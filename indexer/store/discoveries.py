"""How far each source's list of who has records of ours has been read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from atp.syntax import Did
from indexer.store import resync
from indexer.store.repos import Desync

ALL_REPOS = ""
"""Stands in the place of a collection for a source's list of all its repos."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """One list of one source; ``finished_at`` in microseconds, None while it is being read."""

    source: str
    collection: str
    cursor: str | None
    found: int
    finished_at: int | None
    failure: str | None


def begin(conn: apsw.Connection, source: str, collections: Sequence[str]) -> None:
    """Make a source's lists known; those begun or finished before stay as they are."""
    conn.executemany(
        "INSERT INTO discoveries (source, collection) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(source, collection) for collection in collections],
    )


def again(conn: apsw.Connection) -> None:
    """Have every list read anew."""
    conn.execute(
        "UPDATE discoveries SET cursor = NULL, found = 0, finished_at = NULL, failure = NULL"
    )


def page(
    conn: apsw.Connection, at: Discovery, dids: Sequence[Did], cursor: str | None, now: int
) -> int:
    """Store who is on a page and where the next begins; returns how many were unknown."""
    fresh = resync.request(conn, dids, Desync.DISCOVERED, now)
    conn.execute(
        "UPDATE discoveries SET cursor = ?1, found = found + ?2, failure = NULL,"
        " finished_at = iif(?1 IS NULL, ?3, NULL) WHERE source = ?4 AND collection = ?5",
        (cursor, len(dids), now, at.source, at.collection),
    )
    return fresh


def anew(conn: apsw.Connection, at: Discovery) -> bool:
    """Have a list read from its start; whether it had been read any further."""
    conn.execute(
        "UPDATE discoveries SET cursor = NULL, found = 0"
        " WHERE source = ? AND collection = ? AND cursor IS NOT NULL",
        (at.source, at.collection),
    )
    return conn.changes() > 0


def fail(conn: apsw.Connection, at: Discovery, failure: str, finished_at: int | None) -> None:
    """Store why a list does not go on; with ``finished_at`` it never will by itself."""
    conn.execute(
        "UPDATE discoveries SET failure = ?, finished_at = ? WHERE source = ? AND collection = ?",
        (failure, finished_at, at.source, at.collection),
    )


def unfinished(conn: apsw.Connection, source: str) -> list[Discovery]:
    """A source's lists that are still to be read."""
    return [one for one in everything(conn) if one.source == source and one.finished_at is None]


def everything(conn: apsw.Connection) -> list[Discovery]:
    """Every list of every source."""
    return [
        Discovery(*row)
        for row in conn.execute(
            "SELECT source, collection, cursor, found, finished_at, failure FROM discoveries"
            " ORDER BY source, collection"
        )
    ]
