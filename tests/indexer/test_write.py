"""Batches: rows and cursor in one transaction, nothing ahead of the finished prefix."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import pytest

from atp.runtime.metrics import Registry
from atp.runtime.sqlite import Writer, connect
from atp.tid import Tid
from indexer import schema
from indexer.apply import Applier
from indexer.event import Item
from indexer.eye import Sight
from indexer.metrics import Metrics
from indexer.prefix import Prefix
from indexer.store import sources
from indexer.store.sources import SourceStatus
from indexer.write import BatchWriter
from lexicons.catalog import Catalog
from tests.indexer.authors import NAMES, START, Author

URL = "ws://relay.example"


@dataclass
class Feed:
    """A source that is told what to do."""

    url: str = URL
    prefix: Prefix = field(default_factory=lambda: Prefix(0))

    def finish(self, seq: int) -> None:
        """An item is about to be stored."""
        self.prefix.finish(seq)

    @property
    def position(self) -> int | None:
        """The end of the finished prefix."""
        return self.prefix.position

    @property
    def sight(self) -> Sight:
        """Alone, it is compared with nobody."""
        return Sight()

    def look(self, now: int) -> SourceStatus:
        """Always well."""
        return SourceStatus(self.url, self.position, True, 0, now, None)


@dataclass
class Bench:
    """A batch writer on a file, with one source."""

    path: Path
    batches: BatchWriter
    feed: Feed
    events: list[bool]

    def give(self, author: Author, seq: int) -> None:
        """A verified commit arrives."""
        rkey = str(Tid.from_micros(START + seq, 0))
        commit = author.commit(author.track(rkey))
        self.feed.prefix.begin(seq)
        self.batches.put(Item(URL, seq, author.did, author.account(active=True)), commit)

    def stored(self) -> tuple[int | None, int]:
        """The stored cursor and how many tracks there are."""
        conn = connect(self.path, readonly=True)
        try:
            cursor = conn.execute("SELECT cursor FROM sources").fetchone()
            tracks = conn.execute("SELECT count(*) FROM tracks").fetchone()
            assert cursor is not None
            assert tracks is not None
            return cursor[0], int(tracks[0])
        finally:
            conn.close()


@asynccontextmanager
async def writing(folder: Path) -> AsyncIterator[Bench]:
    """A batch writer at work; at the end it writes what is left."""
    path = folder / schema.FILE
    writer = Writer(path, schema.migrations())
    feed, events = Feed(), list[bool]()
    await writer.run(lambda conn: sources.configure(conn, [URL], 0))
    clock = iter(range(1_750_000_000_000_000, 2**62, 10_000))
    batches = BatchWriter(
        writer,
        Applier(NAMES, Catalog.load()),
        Metrics(Registry()),
        lambda: next(clock),
        events.append,
    )
    batches.attach(feed)
    stop = asyncio.Event()
    task = asyncio.create_task(batches.run(stop))
    try:
        yield Bench(path, batches, feed, events)
    finally:
        stop.set()
        batches.wake()
        await task
        await writer.close()


async def test_rows_and_cursor_appear_together(tmp_path: Path) -> None:
    """At no moment does a reader see a cursor past the rows, or rows past the cursor."""
    mira = Author(0)
    seen = set()
    async with writing(tmp_path) as bench:
        for seq in range(1, 8):
            bench.give(mira, seq)
            for _ in range(3):
                seen.add(bench.stored())
                await asyncio.sleep(0.002)
    seen.add(bench.stored())
    assert {(cursor, tracks) for cursor, tracks in seen if cursor != tracks} == set()
    assert (7, 7) in seen


async def test_the_cursor_waits_for_what_is_unfinished(tmp_path: Path) -> None:
    """An item that is still being verified holds the cursor, not the rows of others."""
    mira = Author(0)
    async with writing(tmp_path) as bench:
        bench.feed.prefix.begin(1)
        bench.give(mira, 2)
        await asyncio.sleep(0.1)
        assert bench.stored() == (0, 1)
    assert bench.stored() == (0, 1)


async def test_an_idle_cursor_moves_with_the_heartbeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames that are not ours move the cursor once a second, and nobody is told of news."""
    monkeypatch.setattr("indexer.write.BEAT", 0.02)
    async with writing(tmp_path) as bench:
        bench.feed.prefix.seen = 500
        await asyncio.sleep(0.3)
        assert bench.stored() == (500, 0)
        assert not any(bench.events)
        with closing(connect(bench.path, readonly=True)) as conn:
            row = conn.execute("SELECT connected, heartbeat_at FROM sources").fetchone()
            beat = conn.execute("SELECT at FROM heartbeat").fetchone()
    assert row is not None
    assert beat is not None
    assert row[0] == 1
    assert beat[0] >= 1_750_000_000_000_000


async def test_what_is_left_is_written_at_the_end(tmp_path: Path) -> None:
    """Asked to stop, the writer first stores all it was given."""
    mira = Author(0)
    async with writing(tmp_path) as bench:
        for seq in range(1, 6):
            bench.give(mira, seq)
    assert bench.stored() == (5, 5)


async def test_our_own_failure_is_loud(tmp_path: Path) -> None:
    """A statement that fails is our defect: it ends the run, and nothing of the batch stays."""
    mira = Author(0)
    with pytest.raises(apsw.SQLError):
        async with writing(tmp_path) as bench:
            conn = connect(bench.path)
            conn.execute("ALTER TABLE tracks RENAME TO lost")
            conn.close()
            bench.give(mira, 1)
            await asyncio.sleep(0.1)
    with closing(connect(tmp_path / schema.FILE)) as conn:
        assert conn.execute("SELECT count(*) FROM records").get == 0
        assert conn.execute("SELECT cursor FROM sources").get == 0
