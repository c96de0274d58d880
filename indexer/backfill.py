"""Backfill: finding everybody and fetching what is missing, beside the stream or alone.

It is the same work either way: lists are read into repos that are due, and what is due is fetched.
Live events go on meanwhile; that nothing is lost or doubled where the two meet is the affair of the
rev of each record (`indexer.repair`) and of the chain of each repo (`indexer.store.waiting`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import apsw

from atp.errors import InvalidIdentifier
from atp.runtime.control import ControlError
from atp.runtime.sqlite import Writer
from atp.runtime.within import within
from atp.syntax import Did
from indexer.discover import Discoverer
from indexer.resync import Resyncer
from indexer.store import discoveries, resync
from indexer.store.repos import Desync

LOOK = 0.5
"""Seconds between two looks at how far a backfill is."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: lists read of all lists, and repos by what is to be done with them.

    ``waiting`` repos have been tried and failed, or belong to accounts that are not active.
    """

    lists: int
    lists_read: int
    synchronized: int
    in_progress: int
    due: int
    waiting: int


class Backfill:
    """Discovery and resync together; ``clock`` gives microseconds."""

    def __init__(
        self, writer: Writer, discoverer: Discoverer, resyncer: Resyncer, clock: Callable[[], int]
    ) -> None:
        self._writer = writer
        self._discoverer = discoverer
        self._resyncer = resyncer
        self._clock = clock

    async def forever(self) -> None:
        """Find whom nobody has looked for yet, and keep repos complete, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._discoverer.run())
            tasks.create_task(self._resyncer.run())

    async def run(
        self, dids: Sequence[Did], stop: asyncio.Event, tell: Callable[[Progress], None]
    ) -> Progress:
        """Do all that can be done now: everybody, or ``dids`` alone; or until told to stop."""
        if dids:
            await self._request(dids)
            finding = asyncio.create_task(asyncio.sleep(0))
        else:
            await self._writer.run(discoveries.again)
            finding = asyncio.create_task(self._find())
        fetching = asyncio.create_task(self._resyncer.run())
        try:
            while True:
                progress = await self.progress()
                tell(progress)
                if finding.done() and not (progress.due or progress.in_progress):
                    return progress
                if fetching.done() or await within(LOOK, stop):
                    return progress
        finally:
            for task in (finding, fetching):
                task.cancel()
            for outcome in await asyncio.gather(finding, fetching, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome

    async def progress(self) -> Progress:
        """How far everything is."""
        return await self._writer.run(self._progress)

    async def command(self, args: dict[str, Any]) -> dict[str, Any]:
        """The control command `backfill`: ``{"dids": [text, …]}``, none for everybody.

        Begins, and answers as `told` does, with ``requested``: the repos not due before.
        """
        try:
            dids = [Did.parse(text) for text in args.get("dids", [])]
        except (InvalidIdentifier, TypeError) as exc:
            raise ControlError("InvalidRequest", str(exc)) from exc
        requested = await self._request(dids)
        if not dids:
            await self._discoverer.again()
        return {**await self.told({}), "requested": requested}

    async def told(self, _args: dict[str, Any]) -> dict[str, Any]:
        """The control command `backfill-progress`: the fields of `Progress`."""
        return asdict(await self.progress())

    async def _request(self, dids: Sequence[Did]) -> int:
        now = self._clock()
        requested = await self._writer.run(
            lambda conn: resync.request(conn, dids, Desync.REQUESTED, now)
        )
        self._resyncer.wake()
        return requested

    async def _find(self) -> None:
        await self._discoverer.once()

    def _progress(self, conn: apsw.Connection) -> Progress:
        lists = discoveries.everything(conn)
        counts = resync.counts(conn, self._clock())
        return Progress(
            lists=len(lists),
            lists_read=sum(one.finished_at is not None for one in lists),
            synchronized=counts.synchronized,
            in_progress=counts.in_progress,
            due=counts.due,
            waiting=counts.failed,
        )
