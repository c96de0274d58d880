"""Making repos complete: whatever is desynchronized and due is fetched, proven and repaired.

    desynchronized ──claim──▶ in progress ──repaired, chain unbroken──▶ synchronized
          ▲                       │
          └── failed, or the chain broke: again after a while ──┘

State, number of attempts, last failure and the time of the next try stand in the index, so nothing
is forgotten over a restart, which frees all claims. Live commits are applied as ever in the
meantime. What a repo may cost is bounded: after a failure it waits from a minute up to an hour,
after a success ten times as long as the fetch took, however often its account breaks its chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random

import apsw

from atp.errors import AtpError
from atp.runtime import log
from atp.runtime.sqlite import Writer
from atp.runtime.within import within
from atp.syntax import Did
from indexer import repair
from indexer.apply import Applier
from indexer.failure import Failure, ResyncFailed
from indexer.fetch import Fetcher, HostBusy
from indexer.metrics import Metrics
from indexer.repair import Step
from indexer.snapshot import Snapshot
from indexer.store import resync, statuses
from indexer.store.checks import REFUSED
from indexer.store.resync import Claim
from indexer.together import Together
from lexicons.names import Names

AT_ONCE = 16
"""Repos under way; `indexer.hosts` bounds them per host, and `indexer.fetch` those in memory."""
TOGETHER = 2 * repair.STEP
"""Records of several repos in one transaction."""
PAUSE = 0.1
"""Seconds between two looks, however busy the stream."""
IDLE = 10.0
"""Seconds after which to look for due repos even if nobody called."""

SECOND = 1_000_000
FIRST_WAIT = 60 * SECOND
LAST_WAIT = 3_600 * SECOND
SOON = SECOND
SHARE = 10
"""A repo is not fetched again for as many times what the fetch took."""

logger = log.get("indexer.resync")


class Resyncer:
    """Fetches what is due; ``clock`` gives microseconds, ``follow`` is told of every repo first.

    That order matters: from then on live commits of the repo are routed, and what was passed over
    before is in what the host sends.
    """

    def __init__(
        self,
        writer: Writer,
        fetcher: Fetcher,
        applier: Applier,
        names: Names,
        *,
        metrics: Metrics,
        clock: Callable[[], int],
        follow: Callable[[Did], None],
        random: Random,
    ) -> None:
        self._writer = writer
        self._fetcher = fetcher
        self._applier = applier
        self._names = names
        self._metrics = metrics
        self._clock = clock
        self._follow = follow
        self._random = random
        self._steps: Together[Step] = Together(writer, TOGETHER)
        self._wake = asyncio.Event()
        self.running = 0
        """Repos under way."""

    def wake(self) -> None:
        """Look for due repos now."""
        self._wake.set()

    async def run(self) -> None:
        """Repair what is due, until cancelled."""
        await self._writer.run(resync.restart)
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                if not await self._start(tasks):
                    await self._rest()
                    await asyncio.sleep(PAUSE)

    async def _start(self, tasks: asyncio.TaskGroup) -> int:
        """Begin with as many due repos as there is room for."""
        room = AT_ONCE - self.running
        if room == 0:
            return 0
        busy = self._fetcher.hosts.busy()
        now = self._clock()
        claims = await self._writer.run(lambda conn: resync.claim(conn, now, room, busy))
        for claim in claims:
            self.running += 1
            tasks.create_task(self._resync(claim))
        return len(claims)

    async def _rest(self) -> None:
        due = await self._writer.run(resync.next_due)
        seconds = IDLE
        if due is not None and self.running < AT_ONCE:
            seconds = min(IDLE, max(SOON, due - self._clock()) / SECOND)
        await within(seconds, self._wake)

    async def _resync(self, claim: Claim) -> None:
        try:
            await self._attempt(claim)
        finally:
            self.running -= 1
            self._wake.set()

    async def _attempt(self, claim: Claim) -> None:
        self._follow(claim.did)
        try:
            await self._repair(claim)
        except HostBusy as exc:
            busy = exc
            due = self._clock() + int(busy.seconds * SECOND)
            await self._writer.run(lambda conn: resync.give_back(conn, claim, due, busy.origin))
        except ResyncFailed as exc:
            await self._fail(claim, exc)
        except AtpError as exc:
            await self._fail(claim, ResyncFailed(Failure.BAD_REPO, str(exc)))

    async def _repair(self, claim: Claim) -> None:
        start = self._clock()
        if claim.unproven and not await self._fetcher.has_any(claim.did, self._names.collections):
            return await self._writer.run(partial(resync.forget, claim=claim))
        async with self._fetcher.snapshot(claim.did, self._applier.collections) as found:
            end = Step.MORE
            while end is Step.MORE:
                end = await self._step(claim, found, start)
        if end is not Step.VOID:
            self._metrics.resynced(None if end is Step.DONE else Failure.RECORD_MISSING)
        return None

    async def _step(self, claim: Claim, found: Snapshot, start: int) -> Step:
        now = self._clock()
        due = now + min(max(SHARE * (now - start), SOON), LAST_WAIT)

        def write(conn: apsw.Connection) -> Step:
            return repair.step(conn, self._applier, claim, found, now=now, due_at=due)

        return await self._steps.run(write, repair.most(claim, found))

    async def _fail(self, claim: Claim, failed: ResyncFailed) -> None:
        wait = min(FIRST_WAIT << min(claim.attempt - 1, 10), LAST_WAIT)
        if failed.failure is Failure.MOVED_ON:
            wait = min(SOON << min(claim.attempt, 12), LAST_WAIT)
        due = self._clock() + int(wait * self._random.uniform(0.75, 1.25))
        logger.info("not resynced", did=claim.did, why=str(failed), attempt=claim.attempt)
        self._metrics.resynced(failed.failure)

        def write(conn: apsw.Connection) -> None:
            resync.fail(conn, claim, due, failed.failure, failed.detail)
            if failed.failure in REFUSED:
                statuses.doubt(conn, claim.actor, self._clock())

        await self._writer.run(write)
