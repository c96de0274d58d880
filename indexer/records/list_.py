"""Lists: albums, playlists and liked lists, with their items in the record's order.

A list counts once for a subject, however often it names it.
"""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from atp.cbor import Value
from indexer.records import counters
from indexer.records.row import Row, ints, subject, text


def index(conn: apsw.Connection, row: Row, value: Mapping[str, Value]) -> bool:
    """Write a list's row and its items."""
    items = value["items"]
    assert isinstance(items, list), "the lexicon makes it an array"
    conn.execute(
        "INSERT INTO lists (record, actor, list_type, name, items, sort_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            row.record,
            row.actor,
            text(value, "listType"),
            text(value, "name"),
            len(items),
            row.sort_at,
        ),
    )
    named: set[int] = set()
    known = True
    for position, item in enumerate(items):
        assert isinstance(item, Mapping), "the lexicon makes it an object"
        held = subject(conn, item["subject"])
        if held is not None:
            conn.execute(
                "INSERT INTO list_items (list, position, subject, subject_cid) VALUES (?, ?, ?, ?)",
                (row.record, position, held.record, held.cid),
            )
            named.add(held.record)
            known = known and held.known
    _count(conn, row, named, 1)
    return known


def unindex(conn: apsw.Connection, row: Row) -> None:
    """Take a list's row and its items away."""
    query = "DELETE FROM list_items WHERE list = ? RETURNING subject"
    named = set(ints(conn, query, row.record))
    conn.execute("DELETE FROM lists WHERE record = ?", (row.record,))
    if conn.changes():
        _count(conn, row, named, -1)


def purge(conn: apsw.Connection, actor: int) -> None:
    """Delete all rows of an account whose counters are settled."""
    conn.execute(
        "DELETE FROM list_items WHERE list IN (SELECT record FROM lists WHERE actor = ?)", (actor,)
    )
    conn.execute("DELETE FROM lists WHERE actor = ?", (actor,))


def _count(conn: apsw.Connection, row: Row, named: set[int], change: int) -> None:
    counters.hold(conn, row.actor, "lists", change)
    if row.actor_active:
        for held in named:
            counters.add(conn, held, "lists", change)
