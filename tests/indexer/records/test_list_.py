"""Lists: the slugs of albums."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from atp.runtime import sqlite
from indexer import schema
from indexer.rebuild import rebuild
from indexer.store.projection import renew
from lexicons.catalog import Catalog
from tests.indexer.authors import NAMES, Author, Create, Delete, Index, Update, playlist, track

CATALOG = Catalog.load()
L1 = "3kaaaaaaaaal2"
BEFORE_ALBUMS = 11
"""The last schema without them."""


def slugs(conn: apsw.Connection) -> list[tuple[str, str | None]]:
    """Of every list and track, in order."""
    rows = conn.execute(
        "SELECT r.rkey, l.album_slug FROM lists l JOIN records r ON r.id = l.record"
        " UNION ALL SELECT r.rkey, t.album_slug FROM tracks t JOIN records r ON r.id = t.record"
        " ORDER BY 1"
    )
    return list(rows)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"listType": "album", "name": "Été Bleu"}, "ete-bleu"),
        ({"listType": "album", "name": "!!!"}, "21-21-21"),
        ({"listType": "playlist", "name": "Blue"}, None),
        ({"listType": "Album", "name": "Blue"}, None),
    ],
)
def test_slug(fields: dict[str, str], expected: str | None) -> None:
    """That of the name, of albums only."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(Create(NAMES.list, playlist([], **fields), L1)))
    assert slugs(index.conn) == [(L1, expected)]


def test_an_album_without_a_name() -> None:
    """It goes by its key; a name that comes later takes its place."""
    index, mira = Index(), Author(0)
    bare = {"items": [], "listType": "album", "createdAt": "2025-01-01T00:00:00Z"}
    index.apply(mira.commit(Create(NAMES.list, bare, L1)))
    assert slugs(index.conn) == [(L1, L1)]
    index.apply(mira.commit(Update(NAMES.list, L1, playlist([], listType="album", name="Blue"))))
    assert slugs(index.conn) == [(L1, "blue")]
    index.apply(mira.commit(Delete(NAMES.list, L1)))
    assert slugs(index.conn) == []


def test_an_older_index_is_filled(tmp_path: Path) -> None:
    """The migration has the rows made anew, which gives what applying gives."""
    index, mira = Index(), Author(0)
    album = playlist([], listType="album", name="Blue")
    index.apply(
        mira.commit(Create(NAMES.list, album, L1), mira.track(album="blue", imageUrl="x:y"))
    )
    index.apply(mira.commit(Create(NAMES.track, track(), "3kaaaaaaaaat2")))
    older = sqlite.connect(tmp_path / "index.db")
    sqlite.migrate(older, schema.migrations()[:BEFORE_ALBUMS])
    for table in ("actors", "repos", "collections", "origins", "records", "tracks", "lists"):
        copy(index.conn, older, table)
    renew(older)
    sqlite.migrate(older, schema.migrations())
    assert schema.projection(older) < schema.PROJECTION
    assert slugs(older) == [(rkey, None) for rkey, _ in slugs(index.conn)]
    rebuild(older, NAMES, CATALOG)
    assert slugs(older) == slugs(index.conn)
    assert dict(slugs(older))[L1] == "blue"
    assert older.execute("SELECT max(image) FROM tracks").get == "x:y"
    older.close()


def copy(source: apsw.Connection, target: apsw.Connection, table: str) -> None:
    """Rows of a table, as far as an older one has its columns."""
    stored = "SELECT group_concat(name) FROM pragma_table_xinfo(?) WHERE NOT hidden"
    names = target.execute(stored, (table,)).get
    marks = ", ".join("?" * len(names.split(",")))
    rows = list(source.execute(f"SELECT {names} FROM {table}"))
    assert rows
    target.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
