"""Copies of stores and the check of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from atp.runtime import eventlog, sqlite, sqlite_copy


def test_a_check_writes_nothing(tmp_path: Path) -> None:
    """Looking at a copy leaves its folder as it is; a copy is made once."""
    (tmp_path / "copy").mkdir()
    source, copy = tmp_path / "a.db", tmp_path / "copy" / "a b#%.db"
    conn = sqlite.connect(source)
    sqlite.migrate(conn, [eventlog.SCHEMA])
    sqlite_copy.copy(source, copy, lambda _done, _total: None)
    conn.close()
    assert sqlite_copy.check(copy) == 1
    assert list(copy.parent.iterdir()) == [copy]
    with pytest.raises(FileExistsError):
        sqlite_copy.copy(source, copy, lambda _done, _total: None)


def test_what_is_no_store(tmp_path: Path) -> None:
    """What is missing, cut or something else is not sound."""
    path = tmp_path / "a.db"
    with pytest.raises(sqlite.StoreBroken):
        sqlite_copy.check(path)
    with pytest.raises(sqlite.StoreMissing):
        sqlite_copy.copy(path, tmp_path / "b.db", lambda _done, _total: None)
    path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(sqlite.StoreBroken):
        sqlite_copy.check(path)


def test_damage_that_opens_is_found(tmp_path: Path) -> None:
    """A table and its index that disagree are damage, though each can be read."""
    path = tmp_path / "a.db"
    conn = sqlite.connect(path)
    conn.execute(
        "CREATE TABLE t (x TEXT); CREATE INDEX i ON t (x); INSERT INTO t VALUES ('needle')"
    )
    conn.close()
    assert sqlite_copy.check(path) == 0
    path.write_bytes(path.read_bytes().replace(b"needle", b"noodle", 1))
    with pytest.raises(sqlite.StoreBroken, match="is damaged"):
        sqlite_copy.check(path)


def test_progress_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages done, of all pages, up to the end."""
    monkeypatch.setattr(sqlite_copy, "PAGES", 10)
    conn = sqlite.connect(tmp_path / "a.db")
    conn.execute("CREATE TABLE t (x)")
    conn.execute("INSERT INTO t VALUES (randomblob(400000))")
    told: list[tuple[int, int]] = []
    sqlite_copy.copy(tmp_path / "a.db", tmp_path / "b.db", lambda *at: told.append(at))
    conn.close()
    pages = told[0][1]
    assert len(told) > 9
    assert told == [(min(10 * n, pages), pages) for n in range(1, len(told) + 1)]
    assert told[-1] == (pages, pages)
