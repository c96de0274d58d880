"""An index of an earlier version becomes what a new one would be, before anybody reads it."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from appview.app import IndexStale, open_store
from atp.runtime import sqlite
from atp.runtime.sqlite import Writer
from indexer import schema
from indexer.projection import refresh
from indexer.store import projection
from lexicons.catalog import Catalog
from tests.indexer.authors import NAMES
from tests.indexer.test_rebuild import everything, lived

CATALOG = Catalog.load()
BEFORE = 7
"""The schema version of an index to begin with: one that had no projection."""
KEPT = ("actors", "repos", "collections", "records", "statuses", "counters")


def older(path: Path) -> None:
    """An index that an earlier version wrote, with the raw records of one that has lived."""
    conn = sqlite.connect(path)
    sqlite.migrate(conn, schema.migrations()[:BEFORE])
    new = path.with_name("new.db")
    lived().conn.execute("VACUUM INTO ?", (str(new),))
    conn.execute("ATTACH ? AS new", (str(new),))
    conn.pragma("foreign_keys", "OFF")
    for table in KEPT:
        columns = ", ".join(
            name
            for _, name, *_, hidden in conn.execute(f"PRAGMA main.table_xinfo({table})")
            if not hidden
        )
        conn.execute(f"DELETE FROM {table}")
        conn.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    conn.execute("DETACH new")
    conn.close()


async def test_an_older_index_is_rebuilt(tmp_path: Path) -> None:
    """After migrating and refreshing, an older index equals one that was new from the start."""
    path = tmp_path / schema.FILE
    older(path)
    writer = Writer(path, schema.migrations())
    with pytest.raises(IndexStale):
        open_store(path, NAMES)
    assert await refresh(writer, NAMES, CATALOG)
    assert not await refresh(writer, NAMES, CATALOG)
    await writer.close()
    open_store(path, NAMES).close()
    fresh, found = lived(), lived()
    found.conn = apsw.Connection(str(path))
    assert everything(found) == everything(fresh)
    assert entries(found.conn) == entries(fresh.conn)
    found.conn.close()


def entries(conn: apsw.Connection) -> list[tuple[object, ...]]:
    """The documents of the search index."""
    return list(conn.execute("SELECT * FROM search_entries ORDER BY doc"))


async def test_an_empty_index_is_current_at_once(tmp_path: Path) -> None:
    """The first start of all has nothing to rebuild, and the AppView reads what it made."""
    writer = Writer(tmp_path / schema.FILE, schema.migrations())
    await refresh(writer, NAMES, CATALOG)
    assert await writer.run(schema.projection) == schema.PROJECTION
    assert await writer.run(projection.records) == 0
    await writer.close()
    open_store(tmp_path / schema.FILE, NAMES).close()
