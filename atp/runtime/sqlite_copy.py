"""Copies of stores: taken from one that is being written, and checked before they are trusted.

A copy is one state of the store, that of the moment at which it was begun, with what its WAL held:
a read transaction stands open for the whole of it, so a writer goes on at its speed and never makes
it begin anew. Only the WAL cannot be emptied meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import apsw

from atp.runtime.sqlite import StoreBroken, connect

PAGES = 2_000
"""Pages between two reports of progress."""

Tell = Callable[[int, int], None]
"""Told how many pages are done, of how many."""


def copy(source: Path, target: Path, tell: Tell) -> None:
    """Write the store at ``source`` to the new file ``target``, which only its owner may read.

    Raises `StoreMissing`, `StoreBroken`, and OSError where ``target`` cannot be made. When it
    returns the copy is on the disk.
    """
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with closing(connect(source, readonly=True)) as old:
            _copy(old, target, tell)
        os.fsync(descriptor)
    except apsw.Error as exc:
        raise StoreBroken(f"{source} cannot be copied to {target}: {exc}") from exc
    finally:
        os.close(descriptor)


def _copy(old: apsw.Connection, target: Path, tell: Tell) -> None:
    with closing(apsw.Connection(str(target))) as new:
        new.pragma("journal_mode", "OFF")  # a copy that is cut off is thrown away
        new.pragma("synchronous", "OFF")
        old.execute("BEGIN")
        old.pragma("schema_version")  # reads, with which the transaction's state is chosen
        try:
            with new.backup("main", old, "main") as steps:
                while not steps.done:
                    steps.step(PAGES)
                    tell(steps.page_count - steps.remaining, steps.page_count)
        finally:
            old.execute("COMMIT")


def check(path: Path) -> int:
    """The schema version of the store at ``path``, which nobody has open, once it is found sound.

    Nothing is written, not even beside it. Raises `StoreBroken`.
    """
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    try:
        with closing(apsw.Connection(f"file:{quote(str(path))}?immutable=1", flags=flags)) as conn:
            conn.pragma("trusted_schema", "OFF")
            found = conn.pragma("integrity_check")
            version = int(conn.pragma("user_version"))
    except apsw.Error as exc:
        raise StoreBroken(f"{path} is no sound database: {exc}") from exc
    if found != "ok":
        raise StoreBroken(f"{path} is damaged: {str(found)[:200]}")
    return version
