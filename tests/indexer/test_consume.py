"""A source on a real socket: garbage, reconnects, cursors, pauses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from atp import frames as wire
from atp.did_doc import build
from atp.frames import CommitMsg, ErrorFrame, InfoMsg
from atp.runtime.http import Client
from atp.runtime.metrics import Registry
from atp.sync import VerifiedCommit
from indexer import consume
from indexer.consume import Source
from indexer.event import Item, Outcome
from indexer.eye import Eye, Sight
from indexer.lanes import Lanes
from indexer.metrics import Metrics
from indexer.pace import QUIET
from indexer.route import Router
from indexer.verify import Verifier
from lexicons.names import Names
from pds_client.identity import Directory
from tests.e2e.hosts import Host, replaying
from tests.indexer.authors import Author

NAMES = Names()


@dataclass
class Seen:
    """A source at work, and what came out of it."""

    host: Host
    registry: Registry
    source: Source = field(init=False)
    out: list[tuple[int, Outcome]] = field(default_factory=list)
    held: list[Item] = field(default_factory=list)
    holding: bool = False

    def done(self, item: Item, outcome: Outcome) -> None:
        """Take an outcome; finish its item at once unless told to hold."""
        self.out.append((item.seq, outcome))
        if self.holding:
            self.held.append(item)
        else:
            self.source.finish(item.seq)

    def metric(self, name: str) -> float:
        """One series' value."""
        lines = self.registry.render().decode().splitlines()
        return float(next(line.rsplit(" ", 1)[1] for line in lines if line.startswith(name)))


@asynccontextmanager
async def consuming(
    frames: list[bytes], author: Author, cursor: int | None = 0
) -> AsyncIterator[Seen]:
    """A source that reads ``frames``; the author's key is known."""
    document = build(author.did, None, {"#atproto": author.key.public_key}, {})
    async with (
        replaying(frames, {author.did: document}) as host,
        Client(allow_private=True) as http,
    ):
        directory = Directory(http, host.url)
        await directory.doc(author.did)
        registry = Registry()
        verifier = Verifier(directory, lambda: author.now)
        seen = Seen(host, registry)
        async with asyncio.TaskGroup() as tasks:
            lanes = Lanes(verifier, seen.done, tasks)
            seen.source = Source(
                host.stream,
                cursor,
                eye=Eye(host.url, Sight()),
                router=Router(NAMES, set()),
                lanes=lanes,
                metrics=Metrics(registry, [host.stream]),
                guard=http.guard,
                clock=lambda: author.now,
                random=Random(1),
            )
            running = tasks.create_task(seen.source.run())
            yield seen
            running.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def commits(author: Author, count: int) -> list[bytes]:
    """Frames of an author's commits, numbered from 1."""
    made = [author.message(author.track(f"3kaaaaaaaaa{'abcdefghij'[n]}2")) for n in range(count)]
    return [wire.encode(replace(message, seq=n)) for n, message in enumerate(made, 1)]


async def test_garbage_is_counted_and_the_stream_goes_on() -> None:
    """Malformed frames, broken blocks and bad signatures are dropped under their reasons."""
    mira, other = Author(0), Author(2)
    good = commits(mira, 4)
    message = wire.decode(good[1])
    assert isinstance(message, CommitMsg)
    broken = bytearray(message.blocks)
    broken[-40] ^= 1
    forged = replace(other.message(other.track()), seq=3, repo=mira.did)
    stream = [
        good[0],
        b"\xffnot a frame",
        wire.encode(replace(message, blocks=bytes(broken))),
        wire.encode(forged),
        good[3],
        good[0],
    ]
    async with consuming(stream, mira) as seen:
        await until(lambda: len(seen.out) == 4 and seen.metric(repeated) > 0)
        assert [type(outcome) is VerifiedCommit for _, outcome in seen.out] == [
            True,
            False,
            False,
            True,
        ]
        assert seen.source.position == 4
        assert seen.metric('plyr_indexer_rejected_total{reason="malformed_frame"}') == 1


repeated = 'plyr_indexer_rejected_total{reason="repeated_seq"}'


async def test_it_reconnects_from_the_newest_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut connection is made anew and nothing comes twice, also with work still under way."""
    monkeypatch.setattr(consume, "backoff", lambda _attempt, _random: 0.01)
    mira = Author(0)
    stream = commits(mira, 3)
    later = [stream.pop()]
    async with consuming(stream, mira) as seen:
        seen.holding = True
        await until(lambda: len(seen.out) == 2)
        await seen.host.cut()
        stream += later
        await until(lambda: len(seen.out) == 3)
        assert seen.host.cursors == ["0", "2"]
        assert seen.source.position == 0
        for item in seen.held:
            seen.source.finish(item.seq)
        assert seen.source.position == 3


async def test_a_live_start_asks_for_no_cursor() -> None:
    """Without a cursor the stream begins at its tail."""
    mira = Author(0)
    async with consuming(commits(mira, 1), mira, cursor=None) as seen:
        await until(lambda: seen.source.position == 1)
        assert seen.host.cursors == [None]


async def test_a_future_cursor_is_reported_and_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source stays down with the reason; it does not go on from the tail."""
    monkeypatch.setattr(consume, "BACKOFF_MAX", 30.0)
    mira = Author(0)
    stream = [wire.encode(ErrorFrame("FutureCursor", "cursor is ahead"))]
    async with consuming(stream, mira, cursor=900) as seen:
        await until(lambda: bool(seen.host.sockets))
        await asyncio.sleep(0.1)
        await seen.host.cut()
        await until(lambda: seen.source.status(0).error is not None)
        status = seen.source.status(0)
        assert status.error == "FutureCursor: cursor is ahead"
        assert (status.connected, status.cursor) == (False, 900)


async def test_info_and_unknown_messages_are_no_events() -> None:
    """`#info` is told to the operator, a future message type is passed over with its seq."""
    mira = Author(0)
    stream = [
        wire.encode(InfoMsg("OutdatedCursor", "too old")),
        wire.encode_message("#novelty", {"seq": 1}),
        wire.encode(replace(mira.message(mira.track()), seq=2)),
    ]
    async with consuming(stream, mira) as seen:
        await until(lambda: seen.source.position == 2)
        assert [seq for seq, _ in seen.out] == [2]


async def test_a_rewind_delivers_again_once_nothing_is_under_way() -> None:
    """Old work ends first; then the position is the window's start, and what follows comes anew."""
    mira = Author(0)
    async with consuming(commits(mira, 3), mira) as seen:
        seen.holding = True
        await until(lambda: len(seen.out) == 3)
        assert seen.source.rewind(1)
        assert not seen.source.rewind(2)
        await until(lambda: not seen.host.sockets)
        assert len(seen.out) == 3
        held, seen.held = seen.held, []
        for item in held:
            assert seen.source.sight.rewinds == 0
            seen.source.finish(item.seq)
        await until(lambda: len(seen.out) == 5)
        assert [seq for seq, _ in seen.out] == [1, 2, 3, 2, 3]
        assert seen.host.cursors == ["0", "1"]
        assert (seen.source.position, seen.source.sight.rewinds) == (1, 1)
        for item in seen.held:
            seen.source.finish(item.seq)
        assert seen.source.position == 3


async def test_what_the_source_no_longer_has_is_a_gap() -> None:
    """Told by an outdated cursor, and by one that it calls from the future."""
    for told in (InfoMsg("OutdatedCursor", "too old"), ErrorFrame("FutureCursor", "ahead")):
        mira = Author(0)
        async with consuming([wire.encode(told)], mira) as seen:
            await until(lambda seen=seen: seen.source.sight.gap_open)  # type: ignore[misc]
            assert seen.source.sight.gap_at == mira.now


async def test_it_stops_reading_while_too_much_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Back-pressure: nothing is dropped, and reading goes on when the work is done."""
    monkeypatch.setattr(consume, "MAX_UNDER_WAY", 2)
    mira = Author(0)
    stream = commits(mira, 3)
    later: list[Any] = commits(Author(0), 6)[3:]
    async with consuming(stream, mira) as seen:
        seen.holding = True
        await until(lambda: len(seen.out) == 3)
        stream += later
        seen.host.news.set()
        await asyncio.sleep(0.2)
        assert len(seen.out) == 3
        seen.holding = False
        for item in seen.held:
            seen.source.finish(item.seq)
        await until(lambda: len(seen.out) == 6)
        assert seen.source.position == 6


async def test_lag_is_that_of_the_newest_event_until_it_has_caught_up() -> None:
    """A quiet source has no lag, however old its last event is."""
    mira = Author(0)
    async with consuming(commits(mira, 1), mira) as seen:
        await until(lambda: len(seen.out) == 1)
        late = mira.now + 7_000_000
        assert seen.source.look(late).lag == 7_000_000
        status = seen.source.look(late + QUIET)
        assert status.connected
        assert (status.lag, status.heartbeat_at) == (0, late + QUIET)
        assert seen.source.status(late + QUIET) == status
