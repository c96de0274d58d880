"""Lists: albums, playlists and liked lists, with their items in the record's order.

A list counts once for a subject, however often it names it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import apsw

from atp.cbor import Value
from indexer.records import counters
from indexer.records.row import Row, ints, subject, text
from indexer.schema import Kind
from indexer.store import notifications, search
from lexicons.slug import slug

ALBUM = "album"
"""The type of a list that is an album."""


def index(conn: apsw.Connection, row: Row, value: Mapping[str, Value]) -> bool:
    """Write a list's row and its items."""
    items = value["items"]
    assert isinstance(items, list), "the lexicon makes it an array"
    conn.execute(
        "INSERT INTO lists (record, actor, list_type, name, items, sort_at, album_slug)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            row.record,
            row.actor,
            text(value, "listType"),
            text(value, "name"),
            len(items),
            row.sort_at,
            _album_slug(conn, row, value),
        ),
    )
    named: dict[int, None] = {}
    known = True
    for position, item in enumerate(items):
        assert isinstance(item, Mapping), "the lexicon makes it an object"
        held = subject(conn, item["subject"])
        if held is not None:
            conn.execute(
                "INSERT INTO list_items (list, position, subject, subject_cid) VALUES (?, ?, ?, ?)",
                (row.record, position, held.record, held.cid),
            )
            named[held.record] = None
            known = known and held.known
    _count(conn, row, named, 1)
    notifications.tell_listed(conn, row.record, row.actor, row.sort_at, list(named))
    found_by = search.Subject(Kind.LIST, row.record, row.actor, row.sort_at)
    search.put_record(conn, found_by, text(value, "name") or "")
    return known


def unindex(conn: apsw.Connection, row: Row) -> None:
    """Take a list's row and its items away."""
    notifications.take_back(conn, row.record)
    query = "DELETE FROM list_items WHERE list = ? RETURNING subject"
    named = set(ints(conn, query, row.record))
    conn.execute("DELETE FROM lists WHERE record = ?", (row.record,))
    if conn.changes():
        _count(conn, row, named, -1)
        search.drop(conn, Kind.LIST, row.record)


def purge(conn: apsw.Connection, actor: int) -> None:
    """Delete all rows of an account whose counters are settled."""
    conn.execute(
        "DELETE FROM list_items WHERE list IN (SELECT record FROM lists WHERE actor = ?)", (actor,)
    )
    search.purge(conn, Kind.LIST, "lists", actor)
    notifications.purge(conn, "lists", actor)
    conn.execute("DELETE FROM lists WHERE actor = ?", (actor,))


def _album_slug(conn: apsw.Connection, row: Row, value: Mapping[str, Value]) -> str | None:
    """The slug of an album, which is its key where it has no name; None of any other list."""
    if text(value, "listType") != ALBUM:
        return None
    named = slug(text(value, "name") or "")
    return named or str(conn.execute("SELECT rkey FROM records WHERE id = ?", (row.record,)).get)


def _count(conn: apsw.Connection, row: Row, named: Collection[int], change: int) -> None:
    counters.hold(conn, row.actor, "lists", change)
    if row.actor_active:
        for held in named:
            counters.add(conn, held, "lists", change)
