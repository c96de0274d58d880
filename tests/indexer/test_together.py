"""Transactions made one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
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
    """Whichever it is: the one who writes, the next, the last, and while all are done again."""
    numbers = [-number if number == failing else number for number in (1, 2, 3, 4)]
    tasks = [asyncio.create_task(kept.together.run(put(number), 1)) for number in numbers]
    await asyncio.sleep(0)
    tasks[cancelled].cancel()
    async with asyncio.timeout(PATIENCE):
        told = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(told.pop(cancelled), asyncio.CancelledError)
    others = [number for index, number in enumerate(numbers) if index != cancelled and number > 0]
    assert set(others) <= set(kept.rows())


async def test_who_gave_up_before_is_left_out(kept: Kept) -> None:
    """What waits and is wanted no more is not done."""
    first = asyncio.create_task(kept.together.run(put(1), 1))
    await asyncio.sleep(0)
    second = asyncio.create_task(kept.together.run(put(2), 1))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert kept.rows() == [1]
