"""Stores: pragmas, migrations, the one writer."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import pytest

from atp.runtime import sqlite
from atp.runtime.sqlite import SchemaTooNew, StoreBroken, StoreClosed, StoreMissing, Writer

TABLE = "CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def writer(store: Path) -> AsyncIterator[Writer]:
    writer = Writer(store, [TABLE])
    yield writer
    await writer.close()


def numbers(path: Path) -> list[int]:
    """What a reader sees in `t`."""
    conn = sqlite.connect(path, readonly=True)
    try:
        return [n for (n,) in conn.execute("SELECT n FROM t ORDER BY n")]
    finally:
        conn.close()


def insert(number: int) -> Callable[[apsw.Connection], object]:
    return lambda conn: conn.execute("INSERT INTO t VALUES (?)", (number,))


@pytest.mark.parametrize(("synchronous", "level"), [("NORMAL", 1), ("FULL", 2)])
def test_every_writing_connection_has_every_pragma(
    store: Path, synchronous: sqlite.Synchronous, level: int
) -> None:
    """Pragmas that belong to a connection are set on the second one as on the first."""
    for _ in range(2):
        conn = sqlite.connect(store, synchronous=synchronous)
        assert conn.pragma("journal_mode") == "wal"
        assert conn.pragma("synchronous") == level
        assert conn.pragma("foreign_keys") == 1
        assert conn.pragma("trusted_schema") == 0
        assert conn.pragma("temp_store") == 2
        assert conn.pragma("busy_timeout") == sqlite.BUSY_MILLISECONDS
        assert conn.pragma("cache_size") == -sqlite.WRITER_CACHE_KIB
        assert conn.pragma("journal_size_limit") == sqlite.WAL_KEPT_BYTES
        assert conn.pragma("wal_autocheckpoint") > 0
        conn.close()


async def test_a_reader_reads_and_nothing_else(store: Path, writer: Writer) -> None:
    """A read-only connection cannot write, does not checkpoint and has its own sizes."""
    conn = sqlite.connect(store, readonly=True)
    with pytest.raises(apsw.ReadOnlyError):
        conn.execute("INSERT INTO t VALUES (1)")
    assert conn.pragma("wal_autocheckpoint") == 0
    assert conn.pragma("foreign_keys") == 1
    assert conn.pragma("trusted_schema") == 0
    assert conn.pragma("mmap_size") == sqlite.READER_MMAP_BYTES
    assert conn.pragma("cache_size") == -sqlite.READER_CACHE_KIB
    conn.close()


def test_the_last_reader_to_close_leaves_the_wal(store: Path) -> None:
    """After the death of a writer a reader sees what was committed and does not checkpoint it."""
    script = (
        "import os, sys; from pathlib import Path; from atp.runtime import sqlite\n"
        f"conn = sqlite.connect(Path(sys.argv[1]))\n"
        f"conn.execute('{TABLE}'); conn.execute('INSERT INTO t VALUES (7)')\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(store)], check=True)
    wal = store.with_name("store.db-wal")
    before = wal.read_bytes()
    assert numbers(store) == [7]
    assert wal.read_bytes() == before


def test_a_missing_store_is_named(store: Path) -> None:
    """A reader of a file that nobody has written yet is told which file and what to do."""
    with pytest.raises(StoreMissing, match=r"store\.db: start the service"):
        sqlite.connect(store, readonly=True)
    assert not store.exists()


def test_a_file_that_is_no_database_is_refused(store: Path) -> None:
    """Our own corruption is said at once, with the path."""
    store.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(StoreBroken, match=r"store\.db"):
        Writer(store, [TABLE])


async def test_a_reader_learns_of_a_commit(store: Path, writer: Writer) -> None:
    """The version changes with a commit of another connection and only then."""
    conn = sqlite.connect(store, readonly=True)
    seen = sqlite.read_version(conn)
    assert sqlite.read_version(conn) == seen
    await writer.run(insert(1))
    assert sqlite.read_version(conn) != seen
    conn.close()


def test_migrations_run_once_and_in_order(store: Path) -> None:
    """user_version counts the steps a file has had; a later start runs only what is new."""
    steps = [TABLE, "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)"]
    conn = sqlite.connect(store)
    sqlite.migrate(conn, steps)
    sqlite.migrate(conn, [*steps, "INSERT INTO t VALUES (3)"])
    assert conn.pragma("user_version") == 3
    conn.close()
    assert numbers(store) == [1, 2, 3]


def test_a_migration_that_fails_leaves_nothing(store: Path) -> None:
    """Each step is one transaction with its number; the steps before it stay."""
    conn = sqlite.connect(store)
    with pytest.raises(apsw.SQLError):
        sqlite.migrate(conn, [TABLE, "INSERT INTO t VALUES (1); INSERT INTO nowhere VALUES (1)"])
    assert conn.pragma("user_version") == 1
    assert not conn.in_transaction
    conn.close()
    assert numbers(store) == []


async def test_a_newer_schema_is_refused(store: Path) -> None:
    """A file of a later version is not touched."""
    conn = sqlite.connect(store)
    sqlite.migrate(conn, [TABLE, "INSERT INTO t VALUES (1)"])
    conn.close()
    with pytest.raises(SchemaTooNew, match="schema 2, this version knows 1"):
        Writer(store, [TABLE])
    assert numbers(store) == [1]


def package(tmp_path: Path, name: str, *files: str) -> str:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    for file in files:
        (folder / file).write_text(f"-- {file}")
    return name


def test_migrations_come_from_a_package_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only NNNN_name.sql counts, sorted by number."""
    monkeypatch.syspath_prepend(tmp_path)
    name = package(tmp_path, "schema_good", "0002_more.sql", "0001_init.sql", "notes.sql")
    assert sqlite.load_migrations(name) == ["-- 0001_init.sql", "-- 0002_more.sql"]


@pytest.mark.parametrize("second", ["0003_gap.sql", "0001_twin.sql"])
def test_a_gap_between_migrations_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    """Numbers are positions: they neither skip nor repeat."""
    monkeypatch.syspath_prepend(tmp_path)
    name = package(tmp_path, f"schema_{second[:4]}", "0001_init.sql", second)
    with pytest.raises(sqlite.StoreError, match="should have number 0002"):
        sqlite.load_migrations(name)


async def test_results_and_errors_reach_the_caller(store: Path, writer: Writer) -> None:
    """A caller gets what its work returns; what it raises undoes the transaction and is raised."""
    assert await writer.run(lambda conn: conn.changes()) == 0

    def half(conn: apsw.Connection) -> None:
        conn.execute("INSERT INTO t VALUES (1)")
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        await writer.run(half)
    with pytest.raises(apsw.ConstraintError):
        await writer.run(lambda conn: conn.execute("INSERT INTO t VALUES (2), (2)"))
    assert writer.broken is None
    await writer.run(insert(3))
    assert numbers(store) == [3]


async def test_transactions_run_in_order_beyond_the_queue(store: Path, writer: Writer) -> None:
    """However many wait, they run in the order of the calls, each on the writer's thread."""
    order: list[int] = []
    threads: set[int] = set()

    def note(number: int) -> Callable[[apsw.Connection], None]:
        def work(_: apsw.Connection) -> None:
            order.append(number)
            threads.add(threading.get_ident())

        return work

    total = sqlite.WRITER_QUEUE * 3
    await asyncio.gather(*(writer.run(note(n)) for n in range(total)))
    assert order == list(range(total))
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


async def test_the_queue_is_bounded(writer: Writer) -> None:
    """Behind a slow transaction only so many are handed to the thread."""
    gate = threading.Event()
    calls = [asyncio.create_task(writer.run(lambda _: gate.wait()))]
    calls += [asyncio.create_task(writer.run(lambda _: True)) for _ in range(500)]
    await asyncio.sleep(0.01)
    assert writer._thread._work_queue.qsize() < sqlite.WRITER_QUEUE
    gate.set()
    assert all(await asyncio.gather(*calls))


async def test_a_cancelled_caller_has_its_waiting_transaction_dropped(
    store: Path, writer: Writer
) -> None:
    """Cancelling takes back what has not begun; what has begun is finished."""
    gate, begun = threading.Event(), threading.Event()

    def slow(conn: apsw.Connection) -> None:
        begun.set()
        gate.wait()
        conn.execute("INSERT INTO t VALUES (1)")

    running = asyncio.create_task(writer.run(slow))
    waiting = asyncio.create_task(writer.run(insert(2)))
    await asyncio.to_thread(begun.wait)
    for call in (running, waiting):
        call.cancel()
    await asyncio.gather(running, waiting, return_exceptions=True)
    gate.set()
    await writer.run(insert(3))
    assert numbers(store) == [1, 3]


async def test_close_finishes_what_was_asked_before(store: Path) -> None:
    """Closing drains even what waits for its turn, empties the WAL, and ends the thread."""
    writer = Writer(store, [TABLE])
    total = sqlite.WRITER_QUEUE * 2
    calls = [asyncio.create_task(writer.run(insert(n))) for n in range(total)]
    await asyncio.sleep(0)
    reader = sqlite.connect(store, readonly=True)
    await writer.close()
    await asyncio.gather(*calls)
    assert store.with_name("store.db-wal").stat().st_size == 0
    reader.close()
    assert numbers(store) == list(range(total))
    await writer.close()
    with pytest.raises(StoreClosed):
        await writer.run(insert(-1))
    for thread in writer._thread._threads:
        thread.join(5)
        assert not thread.is_alive()


async def test_close_does_not_wait_for_a_reader(store: Path) -> None:
    """A long read keeps the WAL from being emptied, not the service from ending."""
    writer = Writer(store, [TABLE])
    await writer.run(insert(1))
    reader = sqlite.connect(store, readonly=True)
    reader.execute("BEGIN")
    reader.execute("SELECT n FROM t").fetchall()
    await writer.run(insert(2))
    async with asyncio.timeout(sqlite.BUSY_MILLISECONDS / 2_000):
        await writer.close()
    reader.close()
    assert numbers(store) == [1, 2]


async def test_a_full_disk_breaks_the_writer_for_good(store: Path) -> None:
    """A failure of disk or file reaches this caller and every later one."""
    writer = Writer(store, ["CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB) STRICT"])
    await writer.run(lambda conn: conn.pragma("max_page_count", 4))
    with pytest.raises(StoreBroken, match="full") as caught:
        await writer.run(lambda conn: conn.execute("INSERT INTO t VALUES (1, zeroblob(1000000))"))
    assert isinstance(caught.value.__cause__, apsw.FullError)
    assert writer.broken is caught.value
    with pytest.raises(StoreBroken, match="full"):
        await writer.run(lambda _: None)
    await writer.close()
    assert numbers(store) == []


def overwrite_second_page(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[4096:8192] = b"\xff" * 4096
    path.write_bytes(raw)


async def test_a_corrupt_page_breaks_the_writer(store: Path) -> None:
    """Corruption is never taken for an answer."""
    writer = Writer(store, [TABLE])
    await writer.run(lambda conn: conn.execute("INSERT INTO t VALUES (1)"))
    await writer.close()
    await asyncio.to_thread(overwrite_second_page, store)
    writer = Writer(store, [TABLE])
    with pytest.raises(StoreBroken):
        await writer.run(lambda conn: conn.execute("SELECT count(*) FROM t").fetchall())
    await writer.close()


async def test_the_observer_hears_of_each_stage(store: Path) -> None:
    """It is told of begin inside the transaction, of commit and rollback after it."""
    heard: list[tuple[str, bool]] = []
    observed = Writer(
        store, [TABLE], observer=lambda stage: heard.append((stage, observed._conn.in_transaction))
    )
    await observed.run(insert(1))
    with pytest.raises(apsw.ConstraintError):
        await observed.run(insert(1))
    await observed.close()
    assert heard == [("begin", True), ("commit", False), ("begin", True), ("rollback", False)]


KILLED = """
import asyncio, os, sys
from pathlib import Path
from atp.runtime.sqlite import Writer

async def main():
    tell = {"begin": b"b", "commit": b"c", "rollback": b"r"}
    writer = Writer(Path(sys.argv[1]), [sys.argv[2]], observer=lambda s: os.write(1, tell[s]))
    n = await writer.run(lambda conn: conn.execute("SELECT count(*) FROM t").get)
    while True:
        await writer.run(lambda conn: conn.execute("INSERT INTO t VALUES (?), (?)", (n, n + 1)))
        n += 2

asyncio.run(main())
"""


def test_a_kill_leaves_whole_transactions(store: Path) -> None:
    """After SIGKILL each committed transaction is there whole, and at most one more than told."""
    told = 0
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(store), TABLE], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        stages = child.stdout.read(200)
        os.kill(child.pid, signal.SIGKILL)
        stages += child.stdout.read()
        child.wait()
        child.stdout.close()
        told += stages.count(b"c") - 1
        found = numbers(store)
        assert found == list(range(len(found)))
        assert len(found) in {2 * told, 2 * told + 2}
        told = len(found) // 2
