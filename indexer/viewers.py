"""Viewers: the accounts that have asked for their timelines, and the reading of their follows.

An account becomes a viewer when the AppView says that it asks. From that moment its commits are
routed; then its follows are read, so that nothing falls between the two. They are read again when
an event puts them in doubt, and once a day for who still asks. Who has not asked for a month is
forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from random import Random
from typing import Any

from atp.errors import InvalidIdentifier
from atp.runtime import log
from atp.runtime.control import ControlError
from atp.runtime.sqlite import Writer
from atp.runtime.within import within
from atp.syntax import Did
from indexer.fetch import HostBusy
from indexer.read_follows import NothingToRead, NotRead, Reader
from indexer.route import Router
from indexer.store import follows
from indexer.store.follows import Due

AT_ONCE = 16
"""Readings under way; `indexer.read_follows` bounds them per host."""
PATIENCE = 5.0
"""Seconds for which a command waits for the first follows of a new viewer."""
READING = 300.0
"""Seconds that a reading may take."""
IDLE = 10.0
"""Seconds after which to look for due readings even if nobody asked."""

SECOND = 1_000_000
FIRST_WAIT = 5 * SECOND
LAST_WAIT = 600 * SECOND
KEPT = 30 * 86_400 * SECOND
"""µs for which a viewer who does not ask is remembered."""

logger = log.get("indexer.viewers")


class Viewers:
    """Reads what is due; ``clock`` gives microseconds, ``random`` the jitter."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        router: Router,
        *,
        clock: Callable[[], int],
        random: Random,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._router = router
        self._clock = clock
        self._random = random
        self._wake = asyncio.Event()
        self._under_way: set[Did] = set()
        self._news: dict[Did, asyncio.Event] = {}

    async def follow(self, args: dict[str, Any]) -> dict[str, Any]:
        """The control command `follow-viewer`: an account, ``did``, asks for its timeline.

        The answer comes with the first of a new viewer's follows, with all of them if they are
        few, or when that takes too long.
        """
        try:
            did = Did.parse(str(args.get("did")))
        except InvalidIdentifier as exc:
            raise ControlError("InvalidRequest", str(exc)) from exc
        new, now = self._router.watch(did), self._clock()
        news = self._news.setdefault(did, asyncio.Event()) if new else None
        await self._writer.run(lambda conn: follows.ask(conn, did, now))
        self._wake.set()
        if news is not None and not await within(PATIENCE, news):
            logger.info("follows take long", did=did)
        return {"new": new}

    async def run(self) -> None:
        """Read what is due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                await self._forget()
                for viewer in await self._due():
                    self._under_way.add(viewer.did)
                    tasks.create_task(self._read(viewer))
                await self._rest()

    async def _due(self) -> list[Due]:
        now, under_way = self._clock(), tuple(self._under_way)
        room = AT_ONCE - len(under_way)
        return await self._writer.run(lambda conn: follows.due(conn, now, room, under_way))

    async def _forget(self) -> None:
        before = self._clock() - KEPT
        while did := await self._writer.run(lambda conn: follows.forget_oldest(conn, before)):
            self._router.unwatch(did)

    async def _rest(self) -> None:
        seconds, under_way = IDLE, tuple(self._under_way)
        if len(under_way) < AT_ONCE:
            at = await self._writer.run(lambda conn: follows.next_due(conn, under_way))
            if at is not None:
                seconds = min(IDLE, max(0.0, at - self._clock()) / SECOND)
        await within(seconds, self._wake)

    async def _read(self, viewer: Due) -> None:
        try:
            async with asyncio.timeout(READING):
                await self._read_all(viewer.did)
        except NothingToRead as exc:
            logger.info("viewer forgotten", did=viewer.did, why=str(exc))
            await self._writer.run(lambda conn: follows.forget(conn, viewer.did))
            self._router.unwatch(viewer.did)
        except HostBusy as exc:
            due = self._clock() + int(exc.seconds * SECOND)
            return await self._writer.run(lambda conn: follows.postpone(conn, viewer.did, due))
        except NotRead as exc:
            await self._fail(viewer, str(exc), exc.rest)
        except TimeoutError:
            await self._fail(viewer, f"not read within {READING:.0f} s", None)
        finally:
            self._under_way.discard(viewer.did)
            self._wake.set()
        return self._tell(viewer.did)

    async def _read_all(self, did: Did) -> None:
        began = self._clock()
        rev = None
        async with aclosing(self._reader.read(did, began)) as parts:
            async for part in parts:
                if rev is not None and part.follows:
                    self._tell(did)  # those of the first part are here, and they are not all
                rev = part.rev
                write = partial(follows.write, did=did, follows=part.follows, rev=rev)
                await self._writer.run(write)
        assert rev is not None, "a reading has a part"
        now = self._clock()
        await self._writer.run(lambda conn: follows.finish(conn, did, rev, began, now))

    async def _fail(self, viewer: Due, why: str, rest: float | None) -> None:
        logger.info("follows not read", did=viewer.did, why=why, attempts=viewer.attempts + 1)
        wait = min(FIRST_WAIT << min(viewer.attempts, 10), LAST_WAIT)
        if rest is not None:
            wait = max(wait, int(min(rest * SECOND, LAST_WAIT)))
        at = self._clock() + int(wait * self._random.uniform(1.0, 1.25))
        await self._writer.run(lambda conn: follows.fail(conn, viewer.did, at, why))

    def _tell(self, did: Did) -> None:
        news = self._news.pop(did, None)
        if news is not None:
            news.set()
