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
RETRY_AFTER = 60 * SECOND


@dataclass(frozen=True, slots=True)
class _Found:
    did: Did
    handle: Handle | None
    pds: str | None
    lasts: int


class Identities:
    """Looks up what is due, for ever; ``clock`` gives microseconds."""

    def __init__(self, writer: Writer, directory: Directory, clock: Callable[[], int]) -> None:
        self._writer = writer
        self._directory = directory
        self._clock = clock
        self._wake = asyncio.Event()
        self._under_way: set[Did] = set()

    def wake(self) -> None:
        """Look again soon: an account may be new or changed."""
        self._wake.set()

    async def run(self) -> None:
        """Look up and store, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                for did in await self._writer.run(self._due):
                    self._under_way.add(did)
                    tasks.create_task(self._keep(did))
                await self._rest()
                await asyncio.sleep(PAUSE)

    def _due(self, conn: apsw.Connection) -> list[Did]:
        busy = self._under_way
        found = handles.due(conn, self._clock(), AT_ONCE)
        return [did for did in found if did not in busy][: AT_ONCE - len(busy)]

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(IDLE):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _keep(self, did: Did) -> None:
        found = await self._look_up(did)
        await self._writer.run(partial(self._store, found=found))
        self._under_way.discard(did)
        self._wake.set()

    async def _look_up(self, did: Did) -> _Found:
        try:
            document = await self._directory.doc(did)
            handle = await self._directory.verified_handle(did)
        except (DidAbsent, DidInvalid):
            return _Found(did, Handle.INVALID, None, INVALID_FOR)
        except (DidUnavailable, HandleUnavailable):
            return _Found(did, None, None, RETRY_AFTER)
        lasts = INVALID_FOR if handle == Handle.INVALID else VERIFIED_FOR
        return _Found(did, handle, document.pds, lasts)

    def _store(self, conn: apsw.Connection, found: _Found) -> None:
        now = self._clock()
        changed = handles.store(conn, found.did, found.handle, found.pds, now + found.lasts)
        if changed and found.handle is not None:
            entry: dict[str, cbor.Value] = {"did": found.did, "handle": found.handle}
            eventlog.append(conn, now, "identity", cbor.encode(entry))
