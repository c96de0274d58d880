"""The indexer as one process: the composition root of this room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import apsw

from atp.runtime import control, log, metrics
from atp.runtime.clock import now_micros
from atp.runtime.config import Listen
from atp.runtime.http import Client
from atp.runtime.lock import StoreLock
from atp.runtime.sqlite import Stage, Writer
from atp.syntax import Did
from indexer import accounts, schema
from indexer.apply import Applier
from indexer.ask import Asker
from indexer.backfill import Backfill, Progress
from indexer.consume import Source
from indexer.discover import Discoverer, origin
from indexer.event import Item, Outcome
from indexer.eye import Eye, Sight
from indexer.fetch import Fetcher
from indexer.hosts import Hosts
from indexer.identities import Identities
from indexer.labels import Labeler
from indexer.lanes import Lanes
from indexer.metrics import Metrics
from indexer.projection import refresh
from indexer.read_follows import Reader
from indexer.rebuild import rebuild
from indexer.resync import Resyncer
from indexer.route import Router
from indexer.statuses import Statuses
from indexer.store import follows, labels, repos, sources
from indexer.sweep import Pace, Sweeper
from indexer.verify import Verifier
from indexer.viewers import Viewers
from indexer.watch import Watch
from indexer.write import BatchWriter
from lexicons.catalog import Catalog
from lexicons.names import Names
from pds_client.identity import Ask, Directory

logger = log.get("indexer")


@dataclass(frozen=True, slots=True)
class OwnLabeler:
    """The labeler that runs beside us: known without the network, whatever its DID."""

    did: Did
    url: str
    document: Ask


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
    labelers: tuple[Did, ...] = ()
    own_labeler: OwnLabeler | None = None


async def run(
    config: IndexerConfig,
    stop: asyncio.Event,
    observer: Callable[[Stage], None] | None = None,
    pace: Pace = Pace(),  # noqa: B008 - it is frozen
) -> None:
    """Index until ``stop`` is set, then store what is under way.

    Raises `LockHeld` when another process writes the index, and whatever breaks the store.
    ``observer`` is told of the writer's transactions (see `Writer`); ``pace`` is that of the sweep.
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
        indexer = await _Indexer.open(config, writer, http, Metrics(registry, config.relays))

        async def scrape(_args: dict[str, Any]) -> dict[str, Any]:
            return {"text": registry.render().decode()}

        commands = {
            "status": indexer.status,
            "metrics": scrape,
            "rebuild": indexer.rebuild,
            "backfill": indexer.backfill.command,
            "backfill-progress": indexer.backfill.told,
            "follow-viewer": indexer.viewers.follow,
        }
        await stack.enter_async_context(control.serve(path, commands))
        logger.info("indexing", store=str(path), sources=list(config.relays))
        await indexer.run(stop, pace)
    logger.info("stopped")


async def fill(
    config: IndexerConfig,
    dids: Sequence[Did],
    stop: asyncio.Event,
    tell: Callable[[Progress], None],
) -> Progress:
    """Backfill alone, without any stream, until nothing is due or ``stop`` is set.

    ``dids`` are fetched whatever their state; without any, everybody is looked for. ``tell`` is
    called about once a second. Raises `LockHeld` when another process writes the index: ask that
    one with the control command `backfill`.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True)
    path = config.data_dir / schema.FILE
    async with AsyncExitStack() as stack:
        stack.enter_context(StoreLock(path))
        writer = Writer(path, schema.migrations())
        stack.push_async_callback(writer.close)
        http = await stack.enter_async_context(_client(config))
        counters = Metrics(metrics.Registry("plyr_indexer"))
        indexer = await _Indexer.open(config, writer, http, counters)
        return await indexer.backfill.run(dids, stop, tell)


def directory(config: IndexerConfig, http: Client) -> Directory:
    """The identities that this configuration resolves."""
    own = config.own_labeler
    ours = {} if own is None else {own.did: own.document}
    return Directory(http, config.plc_url, config.handle_resolvers, clock=time.monotonic, ours=ours)


def _client(config: IndexerConfig) -> Client:
    named = [config.plc_url, *config.relays, *config.handle_resolvers]
    if config.own_labeler is not None:
        named.append(config.own_labeler.url)
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
        watched: set[str],
        stand: dict[str, tuple[int | None, Sight]],
    ) -> None:
        names = Names(config.namespace)
        self._writer = writer
        self._names = names
        self._catalog = Catalog.load(names.namespace)
        self._directory = directory(config, http)
        self._identities = Identities(writer, self._directory, now_micros)
        applier = Applier(names, self._catalog)
        self._batches = BatchWriter(writer, applier, counters, now_micros, self._wrote)
        self._router = Router(names, followed, watched)
        hosts = Hosts(time.monotonic)
        http.heard = hosts.rests
        self._fetcher = Fetcher(http, self._directory, hosts, config.data_dir, now_micros)
        self._resyncer = Resyncer(
            writer,
            self._fetcher,
            applier,
            names,
            metrics=counters,
            clock=now_micros,
            follow=self._router.follow,
            random=Random(),  # noqa: S311 - jitter, not secrets
        )
        self._statuses = Statuses(
            writer,
            Asker(http, config.plc_url, hosts),
            names,
            metrics=counters,
            clock=now_micros,
            returned=self._returned,
            random=Random(),  # noqa: S311 - jitter, not secrets
        )
        self._discoverer = Discoverer(
            writer,
            http,
            config.relays,
            names,
            hosts=hosts,
            clock=now_micros,
            found=self._resyncer.wake,
        )
        self.backfill = Backfill(writer, self._discoverer, self._resyncer, now_micros)
        self.viewers = Viewers(
            writer,
            Reader(http, self._directory, hosts),
            self._router,
            clock=now_micros,
            random=Random(),  # noqa: S311 - jitter, not secrets
        )
        self._labelers = [
            Labeler(
                did,
                writer=writer,
                directory=self._directory,
                guard=http.guard,
                metrics=counters,
                clock=now_micros,
                random=Random(),  # noqa: S311 - jitter, not secrets
            )
            for did in config.labelers
        ]
        self._metrics = counters
        self._guard = http.guard
        self._stand = stand
        self._sources: dict[str, Source] = {}

    @classmethod
    async def open(
        cls, config: IndexerConfig, writer: Writer, http: Client, counters: Metrics
    ) -> _Indexer:
        """Read where the index stands; a new source's start is stored before anything else.

        An index of an earlier version is rebuilt first.
        """
        await refresh(writer, Names(config.namespace), Catalog.load(config.namespace))
        start = 0 if config.starts_at_oldest else None

        def read(
            conn: apsw.Connection,
        ) -> tuple[set[str], set[str], dict[str, tuple[int | None, Sight]]]:
            sources.configure(conn, list(config.relays), start)
            own = config.own_labeler
            labels.configure(conn, config.labelers, None if own is None else own.did)
            accounts.enforce_all(conn, now_micros())
            followed: set[str] = set(repos.followed(conn))
            watched: set[str] = set(follows.viewers(conn))
            stand = {
                url: (sources.cursor(conn, url), sources.sight(conn, url)) for url in config.relays
            }
            return followed, watched, stand

        followed, watched, stand = await writer.run(read)
        return cls(config, writer, http, counters, followed=followed, watched=watched, stand=stand)

    async def run(self, stop: asyncio.Event, pace: Pace) -> None:
        """Index until told to stop; then the sources end first, and what they gave is written."""
        drained = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            ingest = tasks.create_task(self._ingest(pace))
            tasks.create_task(self._batches.run(drained))
            await stop.wait()
            ingest.cancel()
            await asyncio.wait([ingest])
            drained.set()
            self._batches.wake()

    async def _ingest(self, pace: Pace) -> None:
        verifier = Verifier(self._directory, now_micros)
        sweeper = Sweeper(
            self._writer,
            self._fetcher,
            metrics=self._metrics,
            clock=now_micros,
            drifted=self._resyncer.wake,
            pace=pace,
        )
        eyes = {url: Eye(origin(url), sight) for url, (_, sight) in self._stand.items()}
        watch = Watch(
            eyes,
            self._directory,
            self._names,
            metrics=self._metrics,
            clock=now_micros,
            discover=self._discoverer.again,
        )
        async with asyncio.TaskGroup() as tasks:

            def done(item: Item, outcome: Outcome) -> None:
                watch.heard(item, outcome)
                self._batches.put(item, outcome)

            lanes = Lanes(verifier, done, tasks)
            for url, (cursor, _) in self._stand.items():
                source = Source(
                    url,
                    cursor,
                    eye=eyes[url],
                    router=self._router,
                    lanes=lanes,
                    metrics=self._metrics,
                    guard=self._guard,
                    clock=now_micros,
                    random=Random(),  # noqa: S311 - jitter, not secrets
                )
                self._sources[url] = source
                self._batches.attach(source)
            tasks.create_task(watch.run(self._sources))
            tasks.create_task(self._identities.run())
            tasks.create_task(self._statuses.run())
            tasks.create_task(self.backfill.forever())
            tasks.create_task(sweeper.run())
            for labeler in self._labelers:
                tasks.create_task(labeler.run())
            tasks.create_task(self.viewers.run())
            async with asyncio.TaskGroup() as reading:  # ends first: frames need lanes
                for source in self._sources.values():
                    reading.create_task(source.run())

    def _wrote(self, events: bool) -> None:  # noqa: FBT001 - the callback's one fact
        if events:
            self._identities.wake()
            self._statuses.wake()
            self._resyncer.wake()

    def _returned(self) -> None:
        self._resyncer.wake()
        self._identities.wake()

    async def rebuild(self, _args: dict[str, Any]) -> dict[str, Any]:
        """The control command `rebuild`: typed rows and counters anew; how many records it read."""
        names, catalog = self._names, self._catalog
        return {"records": await self._writer.run(lambda conn: rebuild(conn, names, catalog))}

    async def status(self, _args: dict[str, Any]) -> dict[str, Any]:
        """The control command `status`: how each source does, and how many repos are how."""
        found = [(source.status(now_micros()), source.sight) for source in self._sources.values()]
        return {
            "repos": await self._writer.run(repos.states),
            "sources": [
                {
                    "url": one.url,
                    "cursor": one.cursor,
                    "connected": one.connected,
                    "lag": one.lag,
                    "error": one.error,
                    "blind_since": sight.blind_since,
                    "rewinds": sight.rewinds,
                    "gap_at": sight.gap_at,
                }
                for one, sight in found
            ],
            "labelers": [asdict(labeler.status()) for labeler in self._labelers],
        }
