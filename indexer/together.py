"""Transactions that are asked for at the same time, made one.

A repair changes pages all over the index, and COMMIT writes each of them. So what is asked for
while a transaction runs becomes the next one together, up to a bound.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import apsw

from atp.runtime.sqlite import Writer

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Asked(Generic[T]):
    work: Callable[[apsw.Connection], T]
    weight: int
    done: asyncio.Future[T] = field(default_factory=asyncio.Future)


class Together(Generic[T]):
    """Runs work on the writer; a transaction takes no more once it weighs ``enough``."""

    def __init__(self, writer: Writer, enough: int) -> None:
        self._writer = writer
        self._enough = enough
        self._waiting: deque[_Asked[T]] = deque()
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[apsw.Connection], T], weight: int) -> T:
        """What ``work`` returns once it is stored; what it raises undoes what it did, and no more.

        It may be called again: where a failure beside it undid the transaction, and where whoever
        wrote for it was cancelled, though what it did may be stored then.
        """
        mine = _Asked(work, weight)
        self._waiting.append(mine)
        try:
            while not mine.done.done():
                # Whoever has the turn writes for others who wait.
                async with self._turn:
                    if not mine.done.done():
                        await self._transact()
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)
        return mine.done.result()

    async def _transact(self) -> None:
        taken = self._take()
        try:
            await self._write(taken)
        finally:
            self._waiting.extendleft(one for one in reversed(taken) if not one.done.done())

    def _take(self) -> list[_Asked[T]]:
        taken: list[_Asked[T]] = []
        while self._waiting and sum(one.weight for one in taken) < self._enough:
            taken.append(self._waiting.popleft())
        return taken

    async def _write(self, asked: Sequence[_Asked[T]]) -> None:
        try:
            results = await self._writer.run(lambda conn: [one.work(conn) for one in asked])
        except Exception as exc:  # noqa: BLE001 - raised again by whoever asked for it
            if len(asked) == 1:
                asked[0].done.set_exception(exc)
                asked[0].done.exception()  # nobody looks at it if whoever asked has given up
                return
            for one in asked:
                await self._write([one])
        else:
            for one, result in zip(asked, results, strict=True):
                one.done.set_result(result)
