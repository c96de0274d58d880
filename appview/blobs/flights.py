"""Fetching: each file once at a time, however many ask for it.

A file that nobody reads any more is given up after a little while, unless most of it is there. What
failed is not tried again at once, so that nobody can have us ask a host, or load the wrong bytes,
over and over.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from appview.blobs.cache import Cache, Draft, File
from appview.blobs.failure import Failed, Failure
from appview.blobs.flight import Flight, ended
from appview.blobs.metrics import Metrics
from appview.blobs.upstream import Arriving, Upstream
from appview.network import Network
from appview.store_blobs import Claim
from atp.cid import Cid
from atp.runtime import log
from atp.syntax import Did

MAX_FLIGHTS = 256
"""Files under way at once, those that wait for a place among them."""

LINGER = 10.0
"""Seconds that a file is still fetched for nobody: players hang up to seek."""

REFUSED_FOR = {
    Failure.ABSENT: 30.0,
    Failure.UNAVAILABLE: 10.0,
    Failure.MISMATCH: 60.0,
    Failure.TOO_LARGE: 300.0,
}
"""Seconds that a failure is remembered; others are of the moment."""
MAX_REMEMBERED = 4_096

_Key = tuple[Did, Cid]
logger = log.get("blobs")


class Flights:
    """Fetches files into a cache; ``clock`` gives seconds that never go back."""

    def __init__(
        self,
        network: Network,
        cache: Cache,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.monotonic,
        linger: float = LINGER,
    ) -> None:
        self._network = network
        self._upstream = Upstream(network, clock)
        self._cache = cache
        self._metrics = metrics
        self._clock = clock
        self._linger = linger
        self._flights: dict[_Key, Flight] = {}
        self._tasks: dict[Flight, asyncio.Task[None]] = {}
        self._refused: OrderedDict[_Key, tuple[Failed, float]] = OrderedDict()

    @asynccontextmanager
    async def reading(self, did: Did, cid: Cid, claim: Claim) -> AsyncIterator[File | Flight]:
        """The file, from the cache or on its way, with its size known. Raises `Failed`."""
        source = self._cache.find(cid) or self._join(did, cid, claim)
        try:
            if isinstance(source, Flight):
                await source.begun()
            yield source
        finally:
            source.close()
            if isinstance(source, Flight) and not source.readers and not source.ended:
                asyncio.get_running_loop().call_later(self._linger, self._give_up, source)

    async def end(self) -> None:
        """Give up all that is on its way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _join(self, did: Did, cid: Cid, claim: Claim) -> Flight:
        key = (did, cid)
        flight = self._flights.get(key)
        if flight is None:
            flight = self._start(key, claim)
        flight.readers += 1
        return flight

    def _start(self, key: _Key, claim: Claim) -> Flight:
        failed, until = self._refused.get(key, (ended(), 0.0))
        if until > self._clock():
            raise Failed(failed.failure, str(failed))
        if len(self._flights) >= MAX_FLIGHTS:
            raise Failed(Failure.BUSY, "too much is being fetched")
        flight = self._flights[key] = Flight()
        self._tasks[flight] = self._network.start(self._fly(key, flight, claim))
        return flight

    def _give_up(self, flight: Flight) -> None:
        task = self._tasks.get(flight)
        if task is not None and flight.readers == 0 and not flight.is_far():
            task.cancel()

    async def _fly(self, key: _Key, flight: Flight, claim: Claim) -> None:
        failed: Failed | None = ended()
        try:
            await self._fetch(*key, flight, claim)
            failed = None
        except Failed as exc:
            failed = exc
            logger.info("fetch failed", did=key[0], cid=str(key[1]), why=str(exc))
            self._refuse(key, exc)
        finally:
            del self._flights[key], self._tasks[flight]
            flight.end(failed)
            self._metrics.cache(self._cache.size)

    async def _fetch(self, did: Did, cid: Cid, flight: Flight, claim: Claim) -> None:
        async with self._upstream.fetch(did, cid, claim) as arriving:
            draft = self._cache.draft(arriving.size)
            flight.begin(draft)
            try:
                await draft.allocate()
                await self._fill(draft, arriving, flight)
                await draft.keep(cid)
            finally:
                draft.drop()

    async def _fill(self, draft: Draft, arriving: Arriving, flight: Flight) -> None:
        async for piece in arriving.pieces:
            if flight.arrived + len(piece) > draft.size:
                raise Failed(Failure.MISMATCH, f"more than the {draft.size} bytes promised")
            await draft.write(piece)
            self._metrics.came(len(piece))
            flight.advance(len(piece))
        if flight.arrived < draft.size:
            raise Failed(Failure.UNAVAILABLE, f"only {flight.arrived} of {draft.size} bytes came")

    def _refuse(self, key: _Key, failed: Failed) -> None:
        seconds = REFUSED_FOR.get(failed.failure)
        if seconds is not None:
            self._refused[key] = (failed, self._clock() + seconds)
            self._refused.move_to_end(key)
            if len(self._refused) > MAX_REMEMBERED:
                self._refused.popitem(last=False)
