"""Migrations: an older index, filled, becomes one of today and loses nothing."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from atp.runtime import sqlite
from indexer import schema
from indexer.store import census, checks, repos
from indexer.store.census import Complete
from indexer.store.dump import dump
from indexer.store.repos import Desync
from tests.indexer.authors import NAMES, Author, Create, Index, like


def lived() -> Index:
    """An index of today with records, references, a proof, a gap and a hidden account."""
    index, mira, ada = Index(), Author(0), Author(1)
    index.apply(mira.commit(mira.track("3kaaaaaaaaaa2"), mira.track("3kaaaaaaaaab2", title="")))
    index.apply(ada.commit(Create(NAMES.like, like(mira.subject(NAMES.track, "3kaaaaaaaaaa2")))))
    mira.commit(mira.track("3kaaaaaaaaac2"))
    index.apply(mira.commit(mira.track("3kaaaaaaaaad2")))
    index.conn.execute("UPDATE actors SET upstream_active = 0 WHERE did = ?", (ada.did,))
    return index


def columns(conn: apsw.Connection) -> dict[str, str]:
    """The tables and the columns that are stored, as far as SQL names them.

    But for the search index, which triggers fill and a rebuild makes anew.
    """
    tables = conn.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        " AND name NOT LIKE 'search%'"
    ).fetchall()
    return {
        str(table): ", ".join(
            str(name)
            for name, hidden in conn.execute(
                "SELECT name, hidden FROM pragma_table_xinfo(?)", (table,)
            )
            if not hidden
        )
        for (table,) in tables
    }


def as_of(version: int, path: Path, today: Index) -> apsw.Connection:
    """A file of an older schema with what it can hold of an index of today."""
    conn = sqlite.connect(path)
    sqlite.migrate(conn, schema.migrations()[:version])
    conn.pragma("foreign_keys", "OFF")
    for table, names in columns(conn).items():
        conn.execute(f"DELETE FROM {table}")
        marks = ", ".join("?" * (names.count(",") + 1))
        rows = list(today.conn.execute(f"SELECT {names} FROM {table}"))
        conn.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
    conn.pragma("foreign_keys", "ON")
    return conn


def contents(conn: apsw.Connection, of: dict[str, str]) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the tables, as far as the columns go."""
    return {
        table: sorted(conn.execute(f"SELECT {names} FROM {table}"), key=repr)
        for table, names in of.items()
    }


@pytest.mark.parametrize("version", range(1, schema.version() + 1))
def test_a_filled_older_index_keeps_all_it_has(tmp_path: Path, version: int) -> None:
    """Every row of every table, whichever version wrote it; and what is new can be asked."""
    today = lived()
    conn = as_of(version, tmp_path / "index.db", today)
    held = columns(conn)
    before, said = contents(conn, held), list(dump(conn))
    assert all(
        before[table] for table in ("actors", "repos", "records", "tracks", "likes", "event")
    )
    sqlite.migrate(conn, schema.migrations())
    assert conn.pragma("user_version") == schema.version()
    assert contents(conn, held) == before
    assert list(dump(conn)) == said
    assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
    assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    conn.close()


def test_an_index_from_before_the_checks_is_swept_and_counted(tmp_path: Path) -> None:
    """Its repos have a turn, and no commit of its own to compare."""
    conn = as_of(3, tmp_path / "index.db", lived())
    sqlite.migrate(conn, schema.migrations())
    found = census.take(conn, 2**60)
    assert found.repos[Complete.SYNCHRONIZED] == checks.count(conn) == 1
    assert found.repos[Desync.GAP] == 1
    assert found.hidden == 1
    [turn] = checks.longest_ago(conn, 10)
    repo = repos.find(conn, turn.actor)
    assert repo is not None
    assert (repo.commit, repo.reason) == (None, None)
    conn.close()
