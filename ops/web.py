"""The web process: the AppView behind one public listener."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from importlib import metadata
from pathlib import Path

import uvicorn

from appview.app import IndexNotReady, build, open_store
from appview.network import Network, network
from appview.store import Store
from atp.runtime import control, log, metrics
from atp.runtime.sqlite import StoreMissing
from atp.runtime.xrpc import Router, counter
from indexer import schema
from lexicons.catalog import Catalog
from lexicons.names import Names
from ops.did import service_document
from ops.settings import Settings

WAIT_FOR_INDEX = 15.0  # seconds in which the indexer has to make the index
LOOK_AGAIN = 0.05
INDEXER_PATIENCE = 2.0  # seconds for its part of a scrape
LAST_REQUESTS = 3  # seconds for requests under way at the end
MAX_CONNECTIONS = 2_000
IDLE_SECONDS = 30  # how long a kept-alive connection may be silent

logger = log.get("web")


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until told to stop. Raises `StoreError` when there is no index to serve."""
    registry = metrics.Registry("plyr_web")
    async with AsyncExitStack() as stack:
        if settings.metrics_listen is not None:
            page = _metrics_page(registry, settings.data_dir / schema.FILE)
            await stack.enter_async_context(metrics.serve(page, settings.metrics_listen))
        outside = network(
            settings.plc_url,
            settings.handle_resolver_url,
            allow_private_hosts=settings.allow_private_hosts,
        )
        await _serve(settings, await stack.enter_async_context(outside), stop, registry)


def _metrics_page(registry: metrics.Registry, index: Path) -> metrics.Page:
    """Our series, and those of the indexer where one runs: one address serves both."""

    async def page() -> bytes:
        try:
            told = await control.request(index, "metrics", {}, INDEXER_PATIENCE)
        except (control.NotRunning, control.ControlError):
            return registry.render()
        return registry.render() + str(told["text"]).encode()

    return page


async def _serve(
    settings: Settings, outside: Network, stop: asyncio.Event, registry: metrics.Registry
) -> None:
    names = Names(settings.namespace)
    store = await _open(settings.data_dir / schema.FILE, names, stop)
    if store is None:
        return
    view = build(
        store,
        outside,
        names=names,
        catalog=Catalog.load(names.namespace),
        did_document=service_document(settings),
        version=metadata.version("plyr-appview"),
        now=lambda: time.time_ns() // 1_000,
    )
    count = counter(registry, view.endpoints, view.pages)
    server = _Server(
        uvicorn.Config(
            Router(view.endpoints, view.pages, count),
            host=settings.listen.host,
            port=settings.listen.port,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=LAST_REQUESTS,
        )
    )
    logger.info("serving", url=settings.url, did=settings.did)
    serving = asyncio.create_task(server.serve())
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    server.should_exit = True
    await serving


async def _open(path: Path, names: Names, stop: asyncio.Event) -> Store | None:
    """The store, once the indexer has made it; None when asked to stop before."""
    deadline = time.monotonic() + WAIT_FOR_INDEX
    while not stop.is_set():
        try:
            return open_store(path, names)
        except (StoreMissing, IndexNotReady):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(LOOK_AGAIN)
    return None


class _Server(uvicorn.Server):
    """A server whose signals are somebody else's business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
