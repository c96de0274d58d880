"""Writing: verified events to the index in batches, one transaction each, cursor included.

While one transaction runs, outcomes gather; then they become the next. So a quiet stream is written
at once and a busy one in large batches, without a timer or a setting. The transaction also moves
each source's cursor to the end of its finished prefix (law 1): a kill at any instruction loses
nothing and doubles nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import apsw

from atp.runtime.sqlite import Writer
from indexer.apply import Applier
from indexer.event import Item, Outcome
from indexer.metrics import Metrics
from indexer.store import sources
from indexer.store.sources import SourceStatus
from indexer.verdict import Applied

MAX_BATCH = 1_000  # outcomes in one transaction, so that readers see news soon
BEAT = 1.0  # seconds between heartbeats; idle cursors move with them


class Stream(Protocol):
    """What the writer needs of a source."""

    url: str

    def finish(self, seq: int) -> None:
        """An item of this source is about to be stored."""

    @property
    def position(self) -> int | None:
        """The end of the finished prefix."""

    def status(self, now: int) -> SourceStatus:
        """How the source does."""


@dataclass(frozen=True, slots=True)
class _Batch:
    outcomes: Sequence[Outcome]
    cursors: Sequence[tuple[str, int]]
    statuses: Sequence[SourceStatus]  # empty unless a heartbeat is due


class BatchWriter:
    """Gathers outcomes and writes them; ``clock`` gives microseconds.

    ``written`` is called after each batch, from the event loop, with whether it held any event.
    """

    def __init__(
        self,
        writer: Writer,
        applier: Applier,
        metrics: Metrics,
        clock: Callable[[], int],
        written: Callable[[bool], None],
    ) -> None:
        self._writer = writer
        self._applier = applier
        self._metrics = metrics
        self._clock = clock
        self._written = written
        self._streams: dict[str, Stream] = {}
        self._stored: dict[str, int | None] = {}
        self._waiting: deque[tuple[Item, Outcome]] = deque()
        self._wake = asyncio.Event()
        self._next_beat = 0

    def attach(self, stream: Stream) -> None:
        """Make a source known; its cursor is ours to move from here on."""
        self._streams[stream.url] = stream
        self._stored[stream.url] = stream.position

    def put(self, item: Item, outcome: Outcome) -> None:
        """Take an outcome; never waits. Sources bound how many can be under way."""
        self._waiting.append((item, outcome))
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Write until told to stop, then write what is left."""
        while not stop.is_set():
            if not self._waiting:
                self._wake.clear()
                try:
                    async with asyncio.timeout(BEAT):
                        await self._wake.wait()
                except TimeoutError:
                    pass
            await self._write()
        while self._waiting:
            await self._write()

    def wake(self) -> None:
        """Look again now."""
        self._wake.set()

    async def _write(self) -> None:
        now = self._clock()
        batch = self._take(now)
        if not (batch.outcomes or batch.cursors or batch.statuses):
            return
        applied = await self._writer.run(lambda conn: self._apply(conn, batch, now))
        self._stored.update(batch.cursors)
        for result in applied:
            self._metrics.ended(result)
        self._written(bool(applied))

    def _take(self, now: int) -> _Batch:
        outcomes: list[Outcome] = []
        while self._waiting and len(outcomes) < MAX_BATCH:
            item, outcome = self._waiting.popleft()
            self._streams[item.source].finish(item.seq)
            outcomes.append(outcome)
        beat = now >= self._next_beat
        if beat:
            self._next_beat = now + int(BEAT * 1_000_000)
        cursors = [
            (url, stream.position)
            for url, stream in self._streams.items()
            if (outcomes or beat) and stream.position != self._stored[url]
        ]
        statuses = [stream.status(now) for stream in self._streams.values()] if beat else []
        return _Batch(outcomes, [(url, at) for url, at in cursors if at is not None], statuses)

    def _apply(self, conn: apsw.Connection, batch: _Batch, now: int) -> list[Applied]:
        applied = [self._applier.apply(conn, outcome, now) for outcome in batch.outcomes]
        for url, cursor in batch.cursors:
            sources.move(conn, url, cursor)
        if batch.statuses:
            sources.beat(conn, list(batch.statuses), now)
        return applied
