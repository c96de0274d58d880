"""Typed rows compared with what the raw records say: a shadow index beside the live one.

The shadow is a temporary database with the same tables, given the live accounts and raw records;
a rebuild fills the rest, and every difference between the two is an error of the live one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from indexer.store import shadow_search

_COPY = """
INSERT INTO main.actors (id, did, handle, upstream_active, upstream_status, takedown)
    SELECT id, did, handle, upstream_active, upstream_status, takedown FROM live.actors;
INSERT INTO main.collections SELECT * FROM live.collections;
INSERT INTO main.records (id, actor, collection, rkey, state, rev, cid, value, first_seen, problems)
    SELECT id, actor, collection, rkey, state, rev, cid, value, first_seen, problems
    FROM live.records;
INSERT INTO main.list_adds SELECT * FROM live.list_adds;
"""

_ROWS = {
    "tracks": "record, sort_at, title, artist, album, album_slug, image, seconds",
    "likes": "record, subject, subject_cid, sort_at",
    "comments": "record, subject, subject_cid, position_ms, sort_at",
    "lists": "record, list_type, name, items, sort_at, album_slug",
    "list_items": "list AS record, position, subject, subject_cid",
    "profiles": "record, bio, avatar",
    "bsky_profiles": "record, display_name, avatar_cid, avatar_type",
    "blobs": "record, actor, cid, mime_type, size",
    "self_labels": "record, val",
    "notifications": "record, owner, sort_at, kind, subject",
    "counters": "record, likes, comments, lists",
    "records": "id AS record, state, problems",
}
_NOTHING = {"counters": "WHERE likes OR comments OR lists"}
_HELD = "id, records, tracks, likes, comments, lists, seconds"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row of the live index that is not what the raw records make it: which table, of what."""

    table: str
    subject: str


@contextmanager
def shadow(path: Path, migrations: list[str]) -> Iterator[apsw.Connection]:
    """A temporary index with the accounts and raw records of the one at ``path``."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    conn = apsw.Connection("", flags=flags)
    try:
        for script in migrations:
            conn.execute(script)
        conn.execute("ATTACH ? AS live", (f"{path.resolve().as_uri()}?mode=ro",))
        conn.execute("BEGIN")
        conn.execute(_COPY)
        yield conn
        conn.execute("COMMIT")
    finally:
        conn.close()


def differences(conn: apsw.Connection) -> list[Wrong]:
    """Every row that differs between the shadow, rebuilt, and the live index."""
    wrong = set()
    for table, columns in _ROWS.items():
        where = _NOTHING.get(table, "")
        for one, other in (("live", "main"), ("main", "live")):
            for (uri,) in conn.execute(
                f"WITH odd AS (SELECT {columns} FROM {one}.{table} {where}"  # noqa: S608
                f" EXCEPT SELECT {columns} FROM {other}.{table} {where})"
                " SELECT coalesce('at://' || a.did || '/' || c.nsid || '/' || r.rkey,"
                " 'record ' || odd.record) FROM odd"
                " LEFT JOIN main.records r ON r.id = odd.record"
                " LEFT JOIN main.actors a ON a.id = r.actor"
                " LEFT JOIN main.collections c ON c.id = r.collection"
            ):
                wrong.add(Wrong(table, uri))
    for (did,) in conn.execute(
        f"SELECT a.did FROM main.actors a WHERE ({_HELD}) <>"  # noqa: S608
        f" (SELECT {_HELD} FROM live.actors l WHERE l.id = a.id)"
    ):
        wrong.add(Wrong("actors", did))
    wrong.update(Wrong(*found) for found in shadow_search.differences(conn))
    return sorted(wrong, key=lambda one: (one.table, one.subject))
