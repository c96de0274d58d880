"""Law 9 for labels: whatever happens, each subscriber sees every label once, in order."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atp import label_frames
from atp.label_frames import LabelsMsg
from atp.runtime import sqlite
from atp.runtime.sqlite import StoreClosed
from labeler import schema, store, stream_pages
from labeler.stream import PATH
from tests.conftest import LONG, ROOT
from tests.labeler.making import Clock
from tests.labeler.served import PATIENCE, Served, served, short_folder, tracks, until
from tests.ports import free_port

KILLS = 30 if LONG else 5
EVERYTHING = 1_000_000


@dataclass
class Give:
    """Somebody gives labels, and nobody waits for him."""

    count: int


@dataclass
class Pause:
    """Time passes for everybody; the clock goes its own way."""

    milliseconds: int
    clock: int


@dataclass
class Join:
    """A subscriber comes: ``place`` of 0 is the beginning, of 1 the head, None only what comes."""

    place: float | None
    slow: bool


@dataclass
class Restart:
    """The service ends in order and starts again."""


@dataclass
class Told:
    """The labels that callers were told of, in that order, each with the number of the call."""

    calls: int = 0
    seqs: dict[int, int] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """That which somebody was told of last."""
        return next(reversed(self.seqs))

    def given_since(self, call: int) -> set[int]:
        """Those of this call and later ones."""
        return {seq for seq, number in self.seqs.items() if number >= call}


@dataclass
class Subscriber:
    """Reads, keeps what it has seen, and comes back with the last it saw when it is cut off."""

    port: int
    cursor: int | None
    slow: bool = False
    seen: list[int] = field(default_factory=list)
    owed_from: int = 0
    """Without a cursor: the number of the first call made after it began to listen."""

    async def run(self, told: Told) -> None:
        """Until cancelled."""
        async with aiohttp.ClientSession() as http:
            while True:
                with suppress(aiohttp.ClientError):
                    await self._read(http, told)
                await asyncio.sleep(0.005)

    async def _read(self, http: aiohttp.ClientSession, told: Told) -> None:
        last = self.seen[-1] if self.seen else self.cursor
        query = "" if last is None else f"?cursor={last}"
        url = f"ws://127.0.0.1:{self.port}{PATH}{query}"
        async with http.ws_connect(url) as connection:
            if last is None:
                self.owed_from = told.calls
            async for got in connection:
                message = label_frames.decode(got.data)
                assert isinstance(message, LabelsMsg), message
                self.seen.append(message.seq)
                if self.slow:
                    await asyncio.sleep(0.002)

    def check(self, told: Told, every: list[int]) -> None:
        """Compare what was seen with what there is, and with what somebody was told of."""
        if self.cursor is None:
            assert self.seen == every[len(every) - len(self.seen) :]
            assert told.given_since(self.owed_from) <= set(self.seen)
        else:
            assert self.seen == [seq for seq in every if seq > self.cursor]


STEPS = st.lists(
    st.one_of(
        st.builds(Give, st.integers(1, 40)),
        st.builds(Give, st.integers(1, 3)),
        st.builds(Pause, st.integers(0, 8), st.integers(-5_000, 5_000)),
        st.builds(Join, st.none() | st.floats(0, 1), st.booleans()),
        st.builds(Restart),
    ),
    max_size=25,
)


@pytest.mark.timeout(900 if LONG else 120)
@settings(
    max_examples=300 if LONG else 20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(STEPS)
def test_every_label_once_in_order(steps: list[Give | Pause | Join | Restart]) -> None:
    """Any interleaving of writers, restarts, and subscribers at any cursor, over real sockets."""
    with short_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_pages, "PAGE_LABELS", 3)  # so that many a page is full
        asyncio.run(play(folder, steps))


async def play(folder: Path, steps: list[Give | Pause | Join | Restart]) -> None:
    """Do the steps, let everybody read to the end, and compare."""
    clock, port, told = Clock(), free_port(), Told()
    subscribers: list[Subscriber] = []
    async with AsyncExitStack() as stack, readers() as reading:
        it = await stack.enter_async_context(served(folder, port, clock))
        async with asyncio.TaskGroup() as writing:
            for step in steps:
                match step:
                    case Give(count):
                        writing.create_task(give(it, count, told))
                    case Pause(milliseconds, micros):
                        clock.now += micros
                        await asyncio.sleep(milliseconds / 1_000)
                    case Join(place, slow):
                        subscribers.append(Subscriber(port, at(place, told), slow))
                        reading(subscribers[-1].run(told))
                    case Restart():
                        await stack.aclose()
                        it = await stack.enter_async_context(served(folder, port, clock))
        async with asyncio.timeout(PATIENCE):
            while not all(one.seen and one.seen[-1] == told.last for one in subscribers):
                await give(it, 1, told)
                await asyncio.sleep(0.05)
        every = [seq for seq, _ in store.after(it.labeler.reader, 0, EVERYTHING)]
    assert set(told.seqs) <= set(every)
    for one in subscribers:
        one.check(told, every)


@asynccontextmanager
async def readers() -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], None]]:
    """Starts tasks that are cancelled at the end, and must not have failed before."""
    tasks: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as group:

        def start(work: Coroutine[Any, Any, None]) -> None:
            tasks.append(group.create_task(work))

        yield start
        for task in tasks:
            task.cancel()


async def give(it: Served, count: int, told: Told) -> None:
    """Give labels in one transaction; a service that ends meanwhile gives none, or tells nobody."""
    call, told.calls = told.calls, told.calls + 1
    with suppress(StoreClosed):
        told.seqs |= {one.seq: call for one in await it.give(*tracks(count))}


def at(place: float | None, told: Told) -> int | None:
    """The cursor at that place in the log."""
    if place is None:
        return None
    return [0, *told.seqs][round(place * len(told.seqs))]


async def test_kills_make_no_gap_and_no_double() -> None:
    """SIGKILL at any moment while labels are given: the same, for subscribers who come at any time."""
    random, port = Random(7), free_port()
    told = Told()
    subscribers = [Subscriber(port, 0), Subscriber(port, 0, slow=True)]
    with short_folder() as folder:
        async with readers() as reading:
            for one in subscribers:
                reading(one.run(told))
            for _ in range(KILLS):
                with streamer(folder, port, "talk") as process:
                    await until(newer_than(subscribers[0].seen))
                    cursor = random.choice(subscribers[0].seen)
                    subscribers.append(Subscriber(port, cursor))
                    reading(subscribers[-1].run(told))
                    await asyncio.sleep(random.uniform(0, 0.3))
                    process.kill()
            with streamer(folder, port, "quiet"):
                every = numbers(folder)
                await until(lambda: all(one.seen[-1:] == every[-1:] for one in subscribers))
        assert numbers(folder) == every
    for one in subscribers:
        one.check(told, every)


def newer_than(seen: list[int]) -> Callable[[], bool]:
    """Whether something has come since now."""
    before = len(seen)
    return lambda: len(seen) > before


@contextmanager
def streamer(folder: Path, port: int, how: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process, listening; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.labeler.streamer", str(folder), str(port), how],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening\n"
            yield process
        finally:
            process.kill()


def numbers(folder: Path) -> list[int]:
    """What is stored."""
    with closing(sqlite.connect(folder / schema.FILE, readonly=True)) as conn:
        return [seq for seq, _ in store.after(conn, 0, EVERYTHING)]
