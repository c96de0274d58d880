"""Asking about accounts: what was told, or is in doubt, is confirmed at the PDS of the moment.

Who is due stands in the index, so a restart forgets nothing, and the stream never waits for this.
What an answer means is the table of `indexer.hosting`; it is applied in one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random

import apsw

from atp.runtime.sqlite import Writer
from atp.runtime.within import within
from indexer import accounts
from indexer.ask import Asker
from indexer.fetch import HostBusy
from indexer.hosting import Reply
from indexer.metrics import Metrics
from indexer.records import collections
from indexer.store import statuses
from indexer.store.statuses import Question
from lexicons.names import Names

AT_ONCE = 16  # accounts asked about side by side
PAUSE = 0.1  # seconds between two looks at who is due, however busy the stream
IDLE = 5.0  # seconds after which to look even if nobody called
JITTER = (1.0, 1.25)

SECOND = 1_000_000


class Statuses:
    """Asks about whoever is due, for ever.

    ``clock`` gives microseconds; ``returned`` is called when an account is shown again.
    """

    def __init__(
        self,
        writer: Writer,
        asker: Asker,
        names: Names,
        *,
        metrics: Metrics,
        clock: Callable[[], int],
        returned: Callable[[], None],
        random: Random,
    ) -> None:
        self._writer = writer
        self._asker = asker
        self._collections = collections(names).values()
        self._metrics = metrics
        self._clock = clock
        self._returned = returned
        self._random = random
        self._wake = asyncio.Event()
        self._under_way: set[int] = set()

    def wake(self) -> None:
        """Look again soon: something may have been told."""
        self._wake.set()

    async def run(self) -> None:
        """Ask and apply the answers, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                for question in await self._due():
                    self._under_way.add(question.actor)
                    tasks.create_task(self._settle(question))
                await self._rest()
                await asyncio.sleep(PAUSE)

    async def _due(self) -> list[Question]:
        now, room = self._clock(), AT_ONCE - len(self._under_way)
        but, busy = list(self._under_way), self._asker.busy()
        return await self._writer.run(
            lambda conn: statuses.due(conn, now, room, but=but, busy=busy)
        )

    async def _rest(self) -> None:
        due = await self._writer.run(statuses.next_due)
        seconds = IDLE if due is None else min(max(due - self._clock(), SECOND) / SECOND, IDLE)
        await within(seconds, self._wake)

    async def _settle(self, question: Question) -> None:
        try:
            reply = await self._asker.ask(question.did)
        except HostBusy as exc:
            at, pds = self._clock() + int(exc.seconds * SECOND), exc.origin
            await self._writer.run(lambda conn: statuses.postpone(conn, question.actor, at, pds))
        else:
            self._metrics.asked(reply.answer)
            if await self._writer.run(partial(self._apply, question=question, reply=reply)):
                self._returned()
        finally:
            self._under_way.discard(question.actor)
            self._wake.set()

    def _apply(self, conn: apsw.Connection, question: Question, reply: Reply) -> bool:
        return accounts.apply_reply(
            conn,
            question,
            reply,
            self._collections,
            now=self._clock(),
            jitter=self._random.uniform(*JITTER),
        )
