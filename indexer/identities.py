"""Keeping handles and PDS addresses: looked up when an account is new, told of a change, or due.

What is due stands in the index, so a restart forgets nothing. A handle that cannot be checked just
now keeps its old value (law 10); one that fails the check both ways is shown as `handle.invalid`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import apsw

from atp import cbor
from atp.runtime import eventlog
from atp.runtime.sqlite import Writer
from atp.runtime.within import within
from atp.syntax import Did, Handle
from indexer.store import handles
from pds_client.identity import (
    DidAbsent,
    DidInvalid,
    DidUnavailable,
    Directory,
    HandleUnavailable,
)

AT_ONCE = 16  # accounts looked up side by side
PAUSE = 0.2  # seconds between two looks at what is due, however busy the stream
IDLE = 30.0  # seconds after which to look even if nobody called

SECOND = 1_000_000
VERIFIED_FOR = 24 * 3600 * SECOND
INVALID_FOR = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class _Found:
    """A handle of None: nobody could tell."""

    did: Did
    handle: Handle | None
    pds: str | None


class Identities:
    """Looks up what is due, for ever; ``clock`` gives microseconds."""

    def __init__(self, writer: Writer, directory: Directory, clock: Callable[[], int]) -> None:
        self._writer = writer
        self._directory = directory
        self._clock = clock
        self._wake = asyncio.Event()
        self._under_way: dict[Did, int] = {}

    def wake(self) -> None:
        """Look again soon: an account may be new or changed."""
        self._wake.set()

    async def run(self) -> None:
        """Look up and store, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                for did, since in await self._writer.run(self._due):
                    self._under_way[did] = since
                    tasks.create_task(self._keep(did))
                await within(IDLE, self._wake)
                await asyncio.sleep(PAUSE)

    def _due(self, conn: apsw.Connection) -> list[tuple[Did, int]]:
        busy = self._under_way
        found = handles.due(conn, self._clock(), AT_ONCE)
        return [(did, since) for did, since in found if did not in busy][: AT_ONCE - len(busy)]

    async def _keep(self, did: Did) -> None:
        found = await self._look_up(did)
        await self._writer.run(partial(self._store, found=found))
        del self._under_way[did]
        self._wake.set()

    async def _look_up(self, did: Did) -> _Found:
        pds = None
        try:
            pds = (await self._directory.doc(did)).pds
            return _Found(did, await self._directory.verified_handle(did), pds)
        except (DidAbsent, DidInvalid):
            return _Found(did, Handle.INVALID, None)
        except (DidUnavailable, HandleUnavailable):
            return _Found(did, None, pds)

    def _store(self, conn: apsw.Connection, found: _Found) -> None:
        # What is told of an account while it is looked up asks for another look.
        is_news = not handles.is_due_since(conn, found.did, self._under_way[found.did])
        now = self._clock()
        self._note(conn, found, now)
        if is_news:
            handles.hasten(conn, found.did, now)

    def _note(self, conn: apsw.Connection, found: _Found, now: int) -> None:
        if found.handle is None:
            handles.postpone(conn, found.did, found.pds, now)
            return
        lasts = INVALID_FOR if found.handle == Handle.INVALID else VERIFIED_FOR
        if handles.store(conn, found.did, found.handle, found.pds, now + lasts):
            entry: dict[str, cbor.Value] = {"did": found.did, "handle": found.handle}
            eventlog.append(conn, now, "identity", cbor.encode(entry))
