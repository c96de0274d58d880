"""SQLite as every store uses it: WAL, one writer, many read-only readers.

All connections come from `connect`, because nearly every pragma belongs to the connection and not
to the file. A `Writer` owns the one connection of a process that changes a store, on a thread of
its own: a transaction is one hop to that thread however many statements it has, transactions run
in the order in which they were asked for, and only the writer checkpoints (SQLite before 3.51.3
could corrupt a file when two connections checkpointed or wrote at once).

An APSW connection belongs to the thread that opened it: open one reader for each thread.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Literal, TypeVar

import apsw

T = TypeVar("T")
Synchronous = Literal["NORMAL", "FULL"]
Stage = Literal["begin", "commit", "rollback"]

BUSY_MILLISECONDS = 5_000
"""Only the start of a second process or a recovery after a crash makes anyone wait at all."""
WRITER_CACHE_KIB = 65_536
"""Holds the changed pages of a large batch, which would else spill to the WAL before COMMIT."""
READER_CACHE_KIB = 8_192
"""Small, as readers find all but the newest pages in the memory map."""
READER_MMAP_BYTES = 256 * 1024 * 1024
"""Saves a system call and a copy for each page; processes share the kernel's one copy."""
CHECKPOINT_PAGES = 4_096
"""16 MiB of WAL between checkpoints, each of which waits for the disk twice: a backfill changes
pages all over the file, and with a quarter of this spent a tenth of its time there."""
WAL_KEPT_BYTES = 64 * 1024 * 1024
"""What a checkpoint leaves of a WAL file that a backfill has blown up."""
WRITER_QUEUE = 64
"""Transactions waiting for the writer's thread before `Writer.run` waits its turn."""

_MIGRATION = re.compile(r"\d{4}_[a-z0-9_]+\.sql", re.ASCII)
_BROKEN_STORE = (
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.IOError,
    apsw.FullError,
    apsw.ReadOnlyError,
)


class StoreError(Exception):
    """A store cannot be used as it is; the message says what to do."""


class StoreMissing(StoreError):
    """The file cannot be opened, mostly because nobody has made it yet."""


class SchemaTooNew(StoreError):
    """The file was written by a later version of this software."""


class StoreBroken(StoreError):
    """The file, the disk or the transaction state failed us; the writer takes no more work."""


class StoreClosed(StoreError):
    """The writer was closed."""


def connect(
    path: Path, *, readonly: bool = False, synchronous: Synchronous = "NORMAL"
) -> apsw.Connection:
    """Open the database at `path` for the calling thread, with every pragma set.

    A read-only connection never checkpoints, not even when it is the last to close. Raises
    `StoreMissing` when there is no file to read or no folder to make it in, `StoreBroken` when the
    file is no database.
    """
    flags = apsw.SQLITE_OPEN_READONLY
    if not readonly:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    try:
        conn = apsw.Connection(str(path), flags=flags)
    except apsw.CantOpenError as exc:
        raise StoreMissing(
            f"cannot open {path}: start the service that writes it first, or check the data folder"
        ) from exc
    try:
        _set_pragmas(conn, readonly=readonly, synchronous=synchronous)
    except (apsw.NotADBError, apsw.CorruptError) as exc:
        conn.close()
        raise StoreBroken(f"{path}: {exc}; restore it from a backup or rebuild it") from exc
    return conn


def _set_pragmas(conn: apsw.Connection, *, readonly: bool, synchronous: Synchronous) -> None:
    conn.set_busy_timeout(BUSY_MILLISECONDS)
    conn.pragma("foreign_keys", "ON")
    conn.pragma("trusted_schema", "OFF")
    conn.pragma("temp_store", "MEMORY")
    if readonly:
        conn.pragma("wal_autocheckpoint", 0)
        conn.pragma("cache_size", -READER_CACHE_KIB)
        conn.pragma("mmap_size", READER_MMAP_BYTES)
    else:
        conn.pragma("journal_mode", "WAL")
        conn.pragma("synchronous", synchronous)
        conn.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        conn.pragma("journal_size_limit", WAL_KEPT_BYTES)
        conn.pragma("cache_size", -WRITER_CACHE_KIB)


def read_version(conn: apsw.Connection) -> int:
    """A number that changes when another connection, of any process, has committed.

    Takes a few microseconds, so that a reader may ask every few milliseconds.
    """
    return int(conn.execute("PRAGMA data_version").get)


@contextmanager
def transaction(conn: apsw.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE … COMMIT around the block; ROLLBACK when it raises."""
    conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        conn.execute("COMMIT")
    except BaseException:
        # A full disk or a failed read may have rolled back already.
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def load_migrations(package: str) -> list[str]:
    """The text of every `NNNN_name.sql` in `package`; the numbers count up from 0001."""
    entries = sorted(
        (entry for entry in resources.files(package).iterdir() if _MIGRATION.fullmatch(entry.name)),
        key=lambda entry: entry.name,
    )
    for position, entry in enumerate(entries, start=1):
        if int(entry.name[:4]) != position:
            raise StoreError(f"{entry.name} of {package} should have number {position:04}")
    return [entry.read_text(encoding="utf-8") for entry in entries]


def migrate(conn: apsw.Connection, migrations: Sequence[str]) -> None:
    """Bring the schema to `len(migrations)`, each step in a transaction of its own.

    `PRAGMA user_version` counts the steps that a file has had. Raises `SchemaTooNew` when it has
    had more than there are.
    """
    version = int(conn.pragma("user_version"))
    if version > len(migrations):
        raise SchemaTooNew(
            f"{conn.db_filename('main')} has schema {version}, this version knows "
            f"{len(migrations)}: run the version that wrote it, or restore a backup"
        )
    for number in range(version + 1, len(migrations) + 1):
        with transaction(conn):
            conn.execute(migrations[number - 1])
            conn.pragma("user_version", number)


class Writer:
    """The one connection that changes the store at `path`, on a thread of its own.

    Opens and migrates at once, so a store that cannot be used is refused here. Its process holds
    the `StoreLock` of the store. `observer` is told "begin" inside a transaction that has just
    begun, then "commit" or "rollback" once that is done, on the writer's thread: a test that kills
    the process learns from it whether the kill fell inside a transaction.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[str],
        synchronous: Synchronous = "NORMAL",
        observer: Callable[[Stage], None] | None = None,
    ) -> None:
        self.path = path
        self._observer = observer
        self._turns = asyncio.Semaphore(WRITER_QUEUE)
        self._closing = False
        self._broken: StoreBroken | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"writer-{path.name}")
        try:
            self._conn = self._thread.submit(_open, path, migrations, synchronous).result()
        except BaseException:
            self._thread.shutdown()
            raise

    @property
    def broken(self) -> StoreBroken | None:
        """Why the writer takes no more work; None while all is well."""
        return self._broken

    async def run(self, work: Callable[[apsw.Connection], T]) -> T:
        """Call `work` on the writer's thread inside one transaction and return its result.

        What `work` raises undoes the transaction and is raised here. Raises `StoreBroken`, now and
        ever after, when the file or disk failed; the process is to stop then. A caller that is
        cancelled while it waits has its transaction dropped; one that has begun is finished.
        """
        if self._closing:
            raise StoreClosed(f"{self.path.name} is closed")
        loop = asyncio.get_running_loop()
        async with self._turns:
            return await loop.run_in_executor(self._thread, self._transact, work)

    async def close(self) -> None:
        """Finish what was asked for before, checkpoint, close the file and end the thread."""
        if self._closing:
            return
        self._closing = True
        loop = asyncio.get_running_loop()
        try:
            async with self._turns:
                await loop.run_in_executor(self._thread, self._checkpoint_and_close)
        finally:
            self._thread.shutdown(wait=False)

    def _transact(self, work: Callable[[apsw.Connection], T]) -> T:
        if self._broken:
            raise StoreBroken(str(self._broken)) from self._broken
        try:
            with transaction(self._conn):
                self._observe("begin")
                result = work(self._conn)
        except BaseException as exc:
            self._observe("rollback")
            if isinstance(exc, _BROKEN_STORE) or self._conn.in_transaction:
                self._broken = StoreBroken(f"{self.path} failed: {exc}; stop, check file and disk")
                raise self._broken from exc
            raise
        self._observe("commit")
        return result

    def _observe(self, stage: Stage) -> None:
        if self._observer:
            self._observer(stage)

    def _checkpoint_and_close(self) -> None:
        # With no patience the checkpoint goes as far as the readers of the moment let it.
        self._conn.set_busy_timeout(0)
        try:
            self._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self._conn.close()


def _open(path: Path, migrations: Sequence[str], synchronous: Synchronous) -> apsw.Connection:
    conn = connect(path, synchronous=synchronous)
    try:
        migrate(conn, migrations)
    except BaseException:
        conn.close()
        raise
    return conn
