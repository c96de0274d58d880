"""The AppView's own store, ``private.db``: what accounts told it alone.

It cannot be rebuilt, so a write is answered only once it is on the disk.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw

from appview import schema
from atp.runtime import sqlite
from atp.runtime.lock import StoreLock
from atp.syntax import Did


class Private:
    """The open store; ``path`` is locked by this process."""

    def __init__(self, path: Path) -> None:
        self._writer = sqlite.Writer(path, schema.migrations(), synchronous="FULL")
        self._conn = sqlite.connect(path, readonly=True)

    def seen_at(self, did: Did) -> int | None:
        """Up to when the account has seen its notifications, µs; None where it never said."""
        seen: int | None = self._conn.execute("SELECT at FROM seen WHERE did = ?", (did,)).get
        return seen

    async def see(self, did: Did, at: int) -> None:
        """The account has seen all up to a time, µs; one before that which is known is nothing."""

        def write(conn: apsw.Connection) -> None:
            conn.execute(
                "INSERT INTO seen (did, at) VALUES (?, ?)"
                " ON CONFLICT (did) DO UPDATE SET at = max(at, excluded.at)",
                (did, at),
            )

        await self._writer.run(write)

    async def close(self) -> None:
        """Finish what was asked for and close the file."""
        self._conn.close()
        await self._writer.close()


@asynccontextmanager
async def private(folder: Path) -> AsyncIterator[Private]:
    """The store in a data folder. Raises `LockHeld` where another process writes it."""
    path = folder / schema.FILE
    with StoreLock(path):
        store = Private(path)
        try:
            yield store
        finally:
            await store.close()
