"""The indexer as one process: the composition root of this room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import apsw

from atp.runtime import control, log, metrics
from atp.runtime.config import Listen
from atp.runtime.http import Client
from atp.runtime.lock import StoreLock
from atp.runtime.sqlite import Stage, Writer
from indexer import schema
from indexer.apply import Applier
from indexer.consume import Source
from indexer.identities import Identities
from indexer.lanes import Lanes
from indexer.metrics import Metrics
from indexer.route import Router
from indexer.store import repos, sources
from indexer.verify import Verifier
from indexer.write import BatchWriter
from lexicons.catalog import Catalog
from lexicons.names import Names
from pds_client.identity import Directory

logger = log.get("indexer")


@dataclass(frozen=True, slots=True)
class IndexerConfig:
    """What the indexer is told; see `ops/settings.py` for the meaning of each."""

    data_dir: Path
    namespace: str
    relays: tuple[str, ...]
    starts_at_oldest: bool
    plc_url: str
    handle_resolvers: tuple[str, ...]
    allow_private_hosts: bool
    metrics_listen: Listen | None


def now_micros() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1_000


async def run(
    config: IndexerConfig, stop: asyncio.Event, observer: Callable[[Stage], None] | None = None
) -> None:
    """Index until ``stop`` is set, then store what is under way.

    Raises `LockHeld` when another process writes the index, and whatever breaks the store.
    ``observer`` is told of the writer's transactions (see `Writer`).
    """
    config.data_dir.mkdir(parents=True, exist_ok=True)
    path = config.data_dir / schema.FILE
    async with AsyncExitStack() as stack:
        stack.enter_context(StoreLock(path))
        writer = Writer(path, schema.migrations(), observer=observer)
        stack.push_async_callback(writer.close)
        http = await stack.enter_async_context(_client(config))
        registry = metrics.Registry("plyr_indexer")
        if config.metrics_listen is not None:
            await stack.enter_async_context(metrics.serve(registry.page, config.metrics_listen))
        indexer = await _Indexer.open(config, writer, http, Metrics(registry))

        async def scrape(_args: dict[str, Any]) -> dict[str, Any]:
            return {"text": registry.render().decode()}

        commands = {"status": indexer.status, "metrics": scrape}
        await stack.enter_async_context(control.serve(path, commands))
        logger.info("indexing", store=str(path), sources=list(config.relays))
        await indexer.run(stop)
    logger.info("stopped")


def _client(config: IndexerConfig) -> Client:
    named = (config.plc_url, *config.relays, *config.handle_resolvers)
    return Client(allow_private=config.allow_private_hosts, trusted_origins=named)


class _Indexer:
    """The parts of a running indexer, wired."""

    def __init__(
        self,
        config: IndexerConfig,
        writer: Writer,
        http: Client,
        counters: Metrics,
        *,
        followed: set[str],
        cursors: dict[str, int | None],
    ) -> None:
        names = Names(config.namespace)
        self._directory = Directory(
            http, config.plc_url, config.handle_resolvers, clock=time.monotonic
        )
        self._identities = Identities(writer, self._directory, now_micros)
        self._batches = BatchWriter(
            writer, Applier(names, Catalog.load(names.namespace)), counters, now_micros, self._wrote
        )
        self._router = Router(names, followed)
        self._metrics = counters
        self._guard = http.guard
        self._cursors = cursors
        self._sources: list[Source] = []

    @classmethod
    async def open(
        cls, config: IndexerConfig, writer: Writer, http: Client, counters: Metrics
    ) -> _Indexer:
        """Read where the index stands; a new source's start is stored before anything else."""
        start = 0 if config.starts_at_oldest else None

        def read(conn: apsw.Connection) -> tuple[set[str], dict[str, int | None]]:
            sources.configure(conn, list(config.relays), start)
            followed: set[str] = set(repos.followed(conn))
            return followed, {url: sources.cursor(conn, url) for url in config.relays}

        followed, cursors = await writer.run(read)
        return cls(config, writer, http, counters, followed=followed, cursors=cursors)

    async def run(self, stop: asyncio.Event) -> None:
        """Index until told to stop; then the sources end first, and what they gave is written."""
        drained = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            ingest = tasks.create_task(self._ingest())
            tasks.create_task(self._batches.run(drained))
            await stop.wait()
            ingest.cancel()
            await asyncio.wait([ingest])
            drained.set()
            self._batches.wake()

    async def _ingest(self) -> None:
        verifier = Verifier(self._directory, now_micros)
        async with asyncio.TaskGroup() as tasks:
            lanes = Lanes(verifier, self._batches.put, tasks)
            for url, cursor in self._cursors.items():
                source = Source(
                    url,
                    cursor,
                    router=self._router,
                    lanes=lanes,
                    metrics=self._metrics,
                    guard=self._guard,
                    clock=now_micros,
                    random=Random(),  # noqa: S311 - jitter, not secrets
                )
                self._sources.append(source)
                self._batches.attach(source)
                tasks.create_task(source.run())
            tasks.create_task(self._identities.run())

    def _wrote(self, events: bool) -> None:  # noqa: FBT001 - the callback's one fact
        if events:
            self._identities.wake()

    async def status(self, _args: dict[str, Any]) -> dict[str, Any]:
        """The control command `status`: how each source does."""
        found = [source.status(now_micros()) for source in self._sources]
        return {
            "sources": [
                {
                    "url": one.url,
                    "cursor": one.cursor,
                    "connected": one.connected,
                    "lag": one.lag,
                    "error": one.error,
                }
                for one in found
            ]
        }
