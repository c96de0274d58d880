"""Stores with logs in them, for tests of saving and restoring."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from atp.runtime import eventlog, sqlite
from indexer import schema
from ops.backup import STORES
from tests.conftest import ROOT

NOW = 1_790_000_000_000_000
LABELS, PRIVATE = (store.file for store in STORES)

Event = tuple[int, str, bytes]


def log(path: Path, count: int, now: int = NOW, payload: bytes = b"x" * 100) -> list[Event]:
    """Add events to the log at ``path``, made if it is missing; gives all of it."""
    conn = sqlite.connect(path)
    sqlite.migrate(conn, [eventlog.SCHEMA])
    with sqlite.transaction(conn):
        for _ in range(count):
            eventlog.append(conn, now, "label", payload)
    conn.close()
    return events(path)


def events(path: Path) -> list[Event]:
    """All of a log."""
    conn = sqlite.connect(path, readonly=True)
    assert conn.pragma("integrity_check") == "ok"
    found = eventlog.read_after(conn, 0, 10_000_000)
    conn.close()
    return found


def stocked(tmp_path: Path) -> Path:
    """A data folder with both stores, and an index."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in (LABELS, PRIVATE, schema.FILE):
        log(folder / name, 50)
    return folder


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


_CRASHED = """
import os, signal, sys
from pathlib import Path
from atp.runtime import eventlog, sqlite
conn = sqlite.connect(Path(sys.argv[1]))
with sqlite.transaction(conn):
    eventlog.append(conn, 1, "label", b"only in the WAL")
os.kill(os.getpid(), signal.SIGKILL)
"""


def crash(path: Path) -> None:
    """Have a process add an event to the log at ``path`` and die; the event is in the WAL."""
    crashed = child(_CRASHED, path)
    crashed.wait(30)
    crashed.communicate()
    assert path.with_name(path.name + "-wal").stat().st_size > 0
