"""The blob service put together: one process's own folder, and what goes in and out of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from appview.blobs.cache import Cache
from appview.blobs.flights import Flights
from appview.blobs.http import Blobs
from appview.blobs.metrics import Metrics
from appview.network import Network
from appview.store import Store
from appview.store_blobs import is_shown
from atp.runtime.caller import Network as Proxies
from atp.runtime.lock import StoreLock
from atp.runtime.metrics import Registry

FOLDER = "blobs"
"""Where files are kept, in the folder of the stores."""

SWEEP_EVERY = 600.0
"""Seconds in which a file that nobody shows any more is deleted."""
_REST = 0.01
"""Seconds between two files that are looked up."""


LAST_BYTES = 2.0
"""Seconds to read on when the service is to end; who listens to more comes back later."""


@asynccontextmanager
async def blobs(
    data_dir: Path,
    store: Store,
    network: Network,
    registry: Registry,
    stop: asyncio.Event,
    *,
    limit: int,
    proxies: Sequence[Proxies] = (),
) -> AsyncIterator[Blobs]:
    """The application over a cache of ``limit`` bytes, until soon after ``stop``.

    ``proxies`` are the networks whose word on addresses is believed. Raises `LockHeld` where
    another process has the folder.
    """
    folder = data_dir / FOLDER
    with StoreLock(folder):
        cache, metrics = Cache(folder, limit), Metrics(registry)
        await asyncio.to_thread(cache.open)
        metrics.cache(cache.size)
        flights = Flights(network, cache, metrics)
        serving = Blobs(store, flights, metrics, proxies)
        tasks = [
            network.start(sweep(cache, store, metrics)),
            network.start(_end(serving, stop)),
        ]
        try:
            yield serving
        finally:
            for task in tasks:
                task.cancel()
            await flights.end()


async def _end(serving: Blobs, stop: asyncio.Event) -> None:
    await stop.wait()
    await asyncio.sleep(LAST_BYTES)
    serving.end()


async def sweep(cache: Cache, store: Store, metrics: Metrics, every: float = SWEEP_EVERY) -> None:
    """Delete, again and again, what no record that is shown refers to."""
    while True:
        for cid in cache.files():
            if not is_shown(store, cid):
                cache.forget(cid)
            await asyncio.sleep(_REST)
        metrics.cache(cache.size)
        await asyncio.sleep(every)
