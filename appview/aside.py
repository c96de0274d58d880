"""Long reads, on a thread and a connection of their own.

What looks at many rows (a ranking, a rotation, an artist's figures) would hold up every other
answer if it ran on the event loop's thread. It is made here, once for all who ask for the same at
the same time, and is given to whoever asks for it within the next half minute.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

from appview.store import Store
from atp.runtime.xrpc import XrpcError

T = TypeVar("T")

FRESH = 30 * 1_000_000
"""µs for which what was made is good."""

MAX_KEPT = 500
"""Results; a ranking, the largest of them, takes some 8 kB."""

MAX_WAITING = 32
"""Reads under way or waiting for the thread."""


class Aside:
    """Reads of one index, which ``open_store`` opens on the thread that reads, the first time."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._store: Store | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._kept: OrderedDict[Hashable, tuple[int, object]] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[object]] = {}

    async def get(self, key: Hashable, now: int, query: Callable[[Store], T]) -> T:
        """What ``query`` reads, made anew when it was last made long before ``now``, in µs.

        The same ``key`` stands for the same query. Raises `XrpcError` when too many wait.
        """
        kept = self._kept.get(key)
        if kept and now - kept[0] < FRESH:
            self._kept.move_to_end(key)
            return cast("T", kept[1])
        task = self._making.get(key)
        if task is None:
            if len(self._making) >= MAX_WAITING:
                raise XrpcError(503, "NotEnoughResources", "Too many long reads; try again later")
            task = self._making[key] = asyncio.create_task(self._make(key, now, query))
        # Whoever gives up leaves the read to the others who wait for it.
        return cast("T", await asyncio.shield(task))

    def close(self) -> None:
        """End the thread and close its connection."""
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    async def _make(self, key: Hashable, now: int, query: Callable[[Store], object]) -> object:
        loop = asyncio.get_running_loop()
        try:
            made = await loop.run_in_executor(self._thread, self._read, query)
        finally:
            del self._making[key]
        self._kept[key] = now, made
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return made

    def _read(self, query: Callable[[Store], object]) -> object:
        if self._store is None:
            self._store = self._open_store()
        with self._store.snapshot():
            return query(self._store)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
