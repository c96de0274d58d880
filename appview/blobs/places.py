"""How many files are on their way at once, in all and from one host."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from appview.blobs.failure import Failed, Failure

PATIENCE = 15.0
"""Seconds to wait for a place: a page full of pictures from one host comes bit by bit."""


class Places:
    """``total`` places, of which a host may take ``per_host``."""

    def __init__(self, total: int, per_host: int, *, patience: float = PATIENCE) -> None:
        self._total = total
        self._per_host = per_host
        self._patience = patience
        self._taken: Counter[str] = Counter()
        self._free = asyncio.Condition()

    @asynccontextmanager
    async def taken(self, origin: str) -> AsyncIterator[None]:
        """One of the host's places, once one is free. Raises `Failed`."""
        try:
            async with asyncio.timeout(self._patience), self._free:
                await self._free.wait_for(lambda: self._has_room(origin))
                self._taken[origin] += 1
        except TimeoutError as exc:
            raise Failed(Failure.BUSY, f"too much is being fetched from {origin}") from exc
        try:
            yield
        finally:
            self._taken[origin] -= 1
            self._taken += Counter()  # drops those that are at zero
            await self._told()

    def _has_room(self, origin: str) -> bool:
        return self._taken[origin] < self._per_host and self._taken.total() < self._total

    async def _told(self) -> None:
        async with self._free:
            self._free.notify_all()
