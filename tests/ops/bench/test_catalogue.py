"""The catalogue for benchmarks is what the indexer would have written."""

from __future__ import annotations

from pathlib import Path

import apsw

from appview.app import open_store
from indexer import schema
from indexer.audit import derived
from lexicons.catalog import Catalog
from lexicons.names import Names
from ops.bench import catalogue

TRACKS, LIKES = 300, 400


def rows(path: Path) -> list[tuple[object, ...]]:
    """Every document and like."""
    conn = apsw.Connection(str(path))
    found = [
        *conn.execute("SELECT * FROM search_entries ORDER BY doc"),
        *conn.execute("SELECT * FROM likes ORDER BY record"),
    ]
    conn.close()
    return found


def test_it_is_sound(tmp_path: Path) -> None:
    """The audit finds nothing wrong with it, and the AppView opens it."""
    path = tmp_path / schema.FILE
    catalogue.make(path, TRACKS, LIKES, 1)
    assert derived(path, Names(), Catalog.load()) == []
    store = open_store(path, Names())
    stats = store.stats()
    store.close()
    assert (stats.tracks, stats.likes) == (TRACKS, LIKES)


def test_it_is_made_once(tmp_path: Path) -> None:
    """The same numbers and seed give the same rows, and a kept one is not made again."""
    first = catalogue.kept(tmp_path / "a", TRACKS, LIKES)
    second = catalogue.kept(tmp_path / "b", TRACKS, LIKES)
    assert rows(first) == rows(second)
    assert rows(first) != rows(catalogue.kept(tmp_path / "a", TRACKS, LIKES, seed=2))
    before = first.stat().st_mtime_ns
    assert catalogue.kept(tmp_path / "a", TRACKS, LIKES) == first
    assert first.stat().st_mtime_ns == before
    assert not list(first.parent.glob("*.part*"))
