"""Our indexer as a whole: its service on an empty store, with nothing left out.

It is done when a transaction has stored the cursor of the last message, which is one of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import uvloop

from atp.runtime import log
from atp.runtime.sqlite import Stage, connect
from indexer import schema, service
from indexer.service import IndexerConfig
from indexer.store import sources
from lexicons.names import DEFAULT_NAMESPACE
from ops.bench.consumer import Job
from ops.bench.meter import Consumed, Meter


def consume(job: Job, meter: Meter) -> Consumed:
    """Index; the records found are those stored as valid."""
    log.configure()
    with TemporaryDirectory(prefix="index-", dir=job.folder) as folder:
        return uvloop.run(_index(job, meter, Path(folder)))


async def _index(job: Job, meter: Meter, folder: Path) -> Consumed:
    config = IndexerConfig(
        data_dir=folder,
        namespace=DEFAULT_NAMESPACE,
        relays=(job.url,),
        starts_at_oldest=True,
        plc_url=job.plc_url,
        handle_resolvers=(),
        allow_private_hosts=True,
        metrics_listen=None,
    )
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    end = _End(job, meter, folder / schema.FILE, lambda: loop.call_soon_threadsafe(stop.set))
    await service.run(config, stop, end.observe)
    assert end.consumed is not None
    return end.consumed


class _End:
    """Told of every transaction, on the writer's thread; knows the one that ends the stream."""

    def __init__(self, job: Job, meter: Meter, path: Path, reached: Callable[[], object]) -> None:
        self._job = job
        self._meter = meter
        self._path = path
        self._reached = reached
        self.consumed: Consumed | None = None

    @cached_property
    def _index(self) -> apsw.Connection:
        return connect(self._path, readonly=True)

    def observe(self, stage: Stage) -> None:
        """Look at the cursor after each commit, which takes microseconds."""
        if self.consumed is not None or stage != "commit":
            return
        if sources.cursor(self._index, self._job.url) == self._job.count:
            valid = self._index.execute("SELECT count(*) FROM records WHERE state = 'valid'").get
            self.consumed = self._meter.stop(self._job.count, valid)
            self._reached()
