"""Transactions made one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import apsw
import pytest

from atp.runtime.sqlite import Stage, Writer, connect
from indexer.together import Together

ENOUGH = 10
PATIENCE = 30
SCHEMA = "CREATE TABLE t (x INTEGER PRIMARY KEY)"


class Kept:
    """A store whose transactions are counted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stages: list[Stage] = []
        self.writer = Writer(path, [SCHEMA], observer=self.stages.append)
        self.together: Together[int] = Together(self.writer, ENOUGH)

    def rows(self) -> list[int]:
        """What another connection sees."""
        conn = connect(self.path, readonly=True)
        try:
            return [int(x) for (x,) in conn.execute("SELECT x FROM t ORDER BY x")]
        finally:
            conn.close()

    async def run(self, *numbers: int, weight: int = 1) -> list[int | BaseException]:
        """Put all of them at once."""
        asked = (self.together.run(put(number), weight) for number in numbers)
        return await asyncio.gather(*asked, return_exceptions=True)


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    """An empty store."""
    store = Kept(tmp_path / "t.db")
    yield store
    await store.writer.close()


def put(number: int) -> Callable[[apsw.Connection], int]:
    """Insert a number; a negative one fails half-way."""

    def work(conn: apsw.Connection) -> int:
        conn.execute("INSERT INTO t VALUES (?)", (abs(number),))
        if number < 0:
            raise ValueError(f"no {number}")
        return number

    return work


async def test_what_comes_during_one_is_the_next(kept: Kept) -> None:
    """The first waits for nobody, and everybody gets their own result."""
    assert await kept.run(1, 2, 3, 4) == [1, 2, 3, 4]
    assert kept.rows() == [1, 2, 3, 4]
    assert kept.stages == ["begin", "commit"] * 2


async def test_a_transaction_is_bounded(kept: Kept) -> None:
    """No more is added to one that weighs enough, however much it then weighs."""
    assert await kept.run(1, 2, 3, 4, weight=ENOUGH - 1) == [1, 2, 3, 4]
    assert kept.stages == ["begin", "commit"] * 3


async def test_a_failure_is_ones_own(kept: Kept) -> None:
    """What failed leaves nothing; the others are stored, whatever stood before or after it."""
    told = await kept.run(1, 2, -3, 4)
    assert isinstance(told.pop(2), ValueError)
    assert told == [1, 2, 4]
    assert kept.rows() == [1, 2, 4]


@pytest.mark.parametrize("cancelled", range(4))
@pytest.mark.parametrize("failing", [0, 3])
async def test_who_gives_up_holds_up_nobody(kept: Kept, cancelled: int, failing: int) -> None:
    """Whichever it is: the one who writes, the next, the last."""
    numbers = [-number if number == failing else number for number in (1, 2, 3, 4)]
    tasks = [asyncio.create_task(kept.together.run(put(number), 1)) for number in numbers]
    await asyncio.sleep(0)
    tasks[cancelled].cancel()
    await check_others(kept, tasks, numbers, cancelled)


@pytest.mark.parametrize("cancelled", [1, 2, 3])
@pytest.mark.parametrize("alone", [2, 3, 4])
async def test_who_gives_up_while_all_are_done_again(
    kept: Kept, cancelled: int, alone: int
) -> None:
    """Holds up nobody either: the one who writes for all, the one who failed, the last.

    What is stored although its writer gave up is done once more, so that has to do no harm.
    """
    numbers = [1, 2, -3, 4]
    loop, begun, given_up = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def put_again(number: int) -> Callable[[apsw.Connection], int]:
        def work(conn: apsw.Connection) -> int:
            # The first transaction was that of 1, the second that of all others.
            if kept.stages.count("begin") == 1 + alone and not given_up.is_set():
                loop.call_soon_threadsafe(begun.set)
                given_up.wait(PATIENCE)
            conn.execute("DELETE FROM t WHERE x = ?", (number,))
            return put(number)(conn)

        return work

    tasks = [asyncio.create_task(kept.together.run(put_again(number), 1)) for number in numbers]
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
    tasks[cancelled].cancel()
    await asyncio.sleep(0)
    given_up.set()
    await check_others(kept, tasks, numbers, cancelled)


async def check_others(
    kept: Kept, tasks: Sequence[asyncio.Task[int]], numbers: Sequence[int], cancelled: int
) -> None:
    """Each but the one who gave up is told what came of their own number; a failure left nothing."""
    async with asyncio.timeout(PATIENCE):
        told = await asyncio.gather(*tasks, return_exceptions=True)
    expected: list[int | type[BaseException]]
    expected = [ValueError if number < 0 else number for number in numbers]
    expected[cancelled] = asyncio.CancelledError
    assert [one if isinstance(one, int) else type(one) for one in told] == expected
    rows = kept.rows()
    assert {one for one in expected if isinstance(one, int)} <= set(rows)
    assert not {-number for number in numbers if number < 0} & set(rows)


async def test_who_gave_up_before_is_left_out(kept: Kept) -> None:
    """What waits and is wanted no more is not done."""
    first = asyncio.create_task(kept.together.run(put(1), 1))
    await asyncio.sleep(0)
    second = asyncio.create_task(kept.together.run(put(2), 1))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert kept.rows() == [1]
