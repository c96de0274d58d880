"""Writing: verified events to the index in batches, one transaction each, cursor included.

While one transaction runs, outcomes gather; then they become the next. So a quiet stream is written
at once and a busy one in large batches, without a timer or a setting. The transaction also moves
each source's cursor to the end of its finished prefix (law 1): a kill at any instruction loses
nothing and doubles nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import apsw

from atp.runtime.sqlite import Writer
from atp.runtime.within import within
from indexer.apply import Applier
from indexer.event import Item, Outcome
from indexer.eye import Sight
from indexer.metrics import Metrics
from indexer.store import census, sources
from indexer.store.census import Census
from indexer.store.sources import SourceStatus
from indexer.verdict import Applied

MAX_BATCH = 1_000  # outcomes in one transaction, so that readers see news soon
BEAT = 1.0  # seconds between heartbeats; idle cursors move with them
CENSUS = 5  # heartbeats from one counting of all repos to the next


class Stream(Protocol):
    """What the writer needs of a source."""

    url: str

    def finish(self, seq: int) -> None:
        """An item of this source is about to be stored."""

    @property
    def position(self) -> int | None:
        """The end of the finished prefix."""

    @property
    def sight(self) -> Sight:
        """What it sees of our namespace, to be stored with the position."""

    def look(self, now: int) -> SourceStatus:
        """How the source does; asked once a heartbeat."""


@dataclass(frozen=True, slots=True)
class _Batch:
    outcomes: Sequence[tuple[str, Outcome]]  # each with the URL of its source
    cursors: Mapping[str, tuple[int | None, Sight]]
    statuses: Sequence[SourceStatus]  # empty unless a heartbeat is due
    counts: bool  # whether repos are to be counted


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
        self._stored: dict[str, tuple[int | None, Sight]] = {}
        self._waiting: deque[tuple[Item, Outcome]] = deque()
        self._wake = asyncio.Event()
        self._next_beat = 0
        self._beats = 0

    def attach(self, stream: Stream) -> None:
        """Make a source known; its cursor is ours to move from here on."""
        self._streams[stream.url] = stream
        self._stored[stream.url] = stream.position, stream.sight

    def put(self, item: Item, outcome: Outcome) -> None:
        """Take an outcome; never waits. Sources bound how many can be under way."""
        self._waiting.append((item, outcome))
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Write until told to stop, then write what is left."""
        while not stop.is_set():
            if not self._waiting:
                self._wake.clear()
                await within(BEAT, self._wake)
            await self._write()
        while self._waiting:
            await self._write()

    def wake(self) -> None:
        """Look again now."""
        self._wake.set()

    async def _write(self) -> None:
        now = self._clock()
        batch = self._take(now)
        if not (batch.outcomes or batch.cursors or batch.statuses or batch.counts):
            return
        applied, counted = await self._writer.run(lambda conn: self._apply(conn, batch, now))
        self._stored.update(batch.cursors)
        for result in applied:
            self._metrics.ended(result)
        if counted is not None:
            self._metrics.counted(counted)
        self._written(bool(applied))

    def _take(self, now: int) -> _Batch:
        outcomes: list[tuple[str, Outcome]] = []
        while self._waiting and len(outcomes) < MAX_BATCH:
            item, outcome = self._waiting.popleft()
            self._streams[item.source].finish(item.seq)
            outcomes.append((item.source, outcome))
        beat = now >= self._next_beat
        if beat:
            self._next_beat = now + int(BEAT * 1_000_000)
        streams = self._streams.values()
        statuses = [stream.look(now) for stream in streams] if beat else []
        cursors = {
            stream.url: (stream.position, stream.sight)
            for stream in (streams if outcomes or beat else ())
            if (stream.position, stream.sight) != self._stored[stream.url]
        }
        counts = beat and self._beats % CENSUS == 0
        self._beats += beat
        return _Batch(outcomes, cursors, statuses, counts)

    def _apply(
        self, conn: apsw.Connection, batch: _Batch, now: int
    ) -> tuple[list[Applied], Census | None]:
        applied = [
            self._applier.apply(conn, outcome, now, source) for source, outcome in batch.outcomes
        ]
        for url, (cursor, sight) in batch.cursors.items():
            sources.move(conn, url, cursor, sight)
        if batch.statuses:
            sources.beat(conn, list(batch.statuses), now)
        return applied, census.take(conn, now) if batch.counts else None
