"""The background sweep: every repo's PDS is asked for its newest commit, about once a day.

So a commit that every source has lost is found even if the account never writes again. The repo
checked longest ago comes first, and when that was stands in the index, so a restart goes on where
it was. The pace is even: a day divided by the number of repos, within bounds. Each host is asked
gently: it shares places and rests with the fetching of repos (`indexer.hosts`), and a
second passes between two requests of the sweep.

An answer that is newer than our head may only be ahead of the stream, so our head is compared with
the same answer again after a while. While the stream itself is behind nothing is asked or judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import apsw

from atp.runtime import log
from atp.runtime.sqlite import Writer
from indexer.failure import ResyncFailed
from indexer.fetch import Fetcher, HostBusy
from indexer.metrics import Metrics
from indexer.store import checks
from indexer.store.checks import Checked, Turn
from pds_client.repo import LatestCommit

MAX_LAG = 10_000_000
"""Microseconds that a stream may be behind while its repos are judged."""
AT_ONCE = 64
"""Repos under way, of which most wait for their second look."""
WINDOW = 1_000
"""Repos, longest unchecked, among which one is sought whose host may be asked."""

logger = log.get("indexer.sweep")


@dataclass(frozen=True, slots=True)
class Pace:
    """All in seconds."""

    everybody: float = 86_400.0  # for all repos
    fastest: float = 0.1  # at least, from one repo to the next
    slowest: float = 300.0  # at most, from one repo to the next
    host: float = 1.0  # at least, from one to the next on the same host
    grace: float = 30.0  # until a second look


class Sweeper:
    """Checks repos for ever; ``clock`` gives microseconds, ``drifted`` is called after a find."""

    def __init__(
        self,
        writer: Writer,
        fetcher: Fetcher,
        *,
        metrics: Metrics,
        clock: Callable[[], int],
        drifted: Callable[[], None],
        pace: Pace,
    ) -> None:
        self._writer = writer
        self._fetcher = fetcher
        self._metrics = metrics
        self._clock = clock
        self._drifted = drifted
        self._pace = pace
        self._under_way: set[int] = set()

    async def run(self) -> None:
        """Check what is longest ago, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                live, count, oldest = await self._writer.run(_look)
                pause = self._pause(count)
                tick = max(pause, self._pace.host)
                for turn in self._turns(oldest, round(tick / pause)) if live else ():
                    self._under_way.add(turn.actor)
                    tasks.create_task(self._check(turn))
                await asyncio.sleep(tick)

    def _pause(self, count: int) -> float:
        even = self._pace.everybody / max(count, 1)
        return min(max(even, self._pace.fastest), self._pace.slowest)

    def _turns(self, oldest: list[Turn], limit: int) -> list[Turn]:
        """Those to ask now: of each host one, and none of a host that is busy."""
        closed: set[str | None] = set(self._fetcher.hosts.busy())
        turns: list[Turn] = []
        for turn in oldest:
            if len(turns) == min(limit, AT_ONCE - len(self._under_way)):
                break
            if turn.actor not in self._under_way and turn.pds not in closed:
                closed.add(turn.pds)
                turns.append(turn)
        return turns

    async def _check(self, turn: Turn) -> None:
        try:
            found = await self._ask(turn)
        except HostBusy as exc:
            origin = exc.origin
            await self._writer.run(lambda conn: checks.move(conn, turn.actor, origin))
        else:
            self._metrics.checked(found)
            if found is Checked.DRIFTED:
                logger.info("commits were missed", did=turn.did)
                self._drifted()
        finally:
            self._under_way.discard(turn.actor)

    async def _ask(self, turn: Turn) -> Checked:
        """Ask and store what came of it. Raises `HostBusy`: the repo keeps its turn."""
        try:
            latest = await self._fetcher.latest_commit(turn.did)
        except ResyncFailed as exc:
            failure, now = exc.failure, self._clock()
            return await self._writer.run(
                lambda conn: checks.failed(conn, turn.actor, failure, now)
            )
        found = await self._compare(turn, latest, final=False)
        if found is not Checked.DRIFTED:
            return found
        await self._until_settled()
        return await self._compare(turn, latest, final=True)

    async def _compare(self, turn: Turn, latest: LatestCommit, *, final: bool) -> Checked:
        now = self._clock()
        return await self._writer.run(
            lambda conn: checks.told(conn, turn.actor, latest, now, final=final)
        )

    async def _until_settled(self) -> None:
        """Give the stream time for what is on its way."""
        live = False
        while not live:
            await asyncio.sleep(self._pace.grace)
            live = await self._writer.run(_is_live)


def _is_live(conn: apsw.Connection) -> bool:
    return checks.is_live(conn, MAX_LAG)


def _look(conn: apsw.Connection) -> tuple[bool, int, list[Turn]]:
    return _is_live(conn), checks.count(conn), checks.longest_ago(conn, WINDOW)
