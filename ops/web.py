"""The web process: the AppView behind one public listener."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, closing
from functools import partial
from importlib import metadata
from pathlib import Path

from appview.app import IndexNotReady, IndexStale, build, open_store
from appview.aside import Aside
from appview.blobs.service import blobs
from appview.docs import documentation
from appview.media import Media
from appview.network import Network, network
from appview.private import private
from appview.store import Store
from atp.runtime import control, log, metrics
from atp.runtime.clock import now_micros
from atp.runtime.sqlite import StoreMissing
from atp.runtime.xrpc import Page, Router, counter
from indexer import schema
from lexicons.catalog import Catalog
from lexicons.names import Names
from ops.did import service_document
from ops.gate import gate
from ops.labeler import labeler
from ops.labeler import pages as labeler_pages
from ops.listener import serve
from ops.settings import Settings

WAIT_FOR_INDEX = 15.0  # seconds in which the indexer has to make the index
LOOK_AGAIN = 0.05
INDEXER_PATIENCE = 2.0  # seconds for its part of a scrape
MEGABYTE = 1_048_576

logger = log.get("web")


async def run(settings: Settings, stop: asyncio.Event, *, with_labeler: bool = False) -> None:
    """Serve until told to stop, the labeler on the same listener where asked to.

    Raises `StoreError` when there is no index to serve.
    """
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
        way = await stack.enter_async_context(outside)
        await _serve(settings, way, stop, registry, stack, with_labeler=with_labeler)


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
    settings: Settings,
    outside: Network,
    stop: asyncio.Event,
    registry: metrics.Registry,
    stack: AsyncExitStack,
    *,
    with_labeler: bool,
) -> None:
    names, version = Names(settings.namespace), metadata.version("plyr-appview")
    catalog = Catalog.load(names.namespace)
    path = settings.data_dir / schema.FILE
    store = await _open(path, names, stop)
    if store is None:
        return
    view = build(
        store,
        outside,
        names=names,
        catalog=catalog,
        did_document=service_document(settings),
        version=version,
        now=now_micros,
        labelers=settings.followed,
        command=partial(control.request, settings.data_dir / schema.FILE),
        media=Media(settings.blob_url or settings.url, settings.trusted_media),
        aside=stack.enter_context(closing(Aside(partial(open_store, path, names)))),
        private=await stack.enter_async_context(private(settings.data_dir)),
        blobs=await stack.enter_async_context(
            blobs(
                settings.data_dir,
                store,
                outside,
                registry,
                stop,
                limit=settings.blob_cache_mb * MEGABYTE,
                proxies=settings.trusted_proxies,
            )
        ),
    )
    endpoints, mounts = view.endpoints, view.mounts
    more: Mapping[str, Page] = {}
    if with_labeler:
        opened = labeler(settings, outside.directory, catalog, registry)
        own = await stack.enter_async_context(opened)
        endpoints, mounts = (*endpoints, *own.endpoints), {**mounts, **own.mounts}
        more = labeler_pages(settings, own)
    methods = [endpoint.method.nsid for endpoint in endpoints]
    pages = {
        **view.pages,
        **more,
        **documentation(
            methods, names, url=settings.url, service_did=settings.did, version=version
        ),
    }
    count = counter(registry, endpoints, [*pages, *mounts])
    router = Router(
        endpoints,
        pages,
        count,
        mounts=mounts,
        admit=gate(settings, outside.directory).admit,
    )
    gc.freeze()  # what is made once is not searched for garbage while requests wait
    logger.info("serving", url=settings.url, did=settings.did)
    await serve(router, settings.listen, stop)


async def _open(path: Path, names: Names, stop: asyncio.Event) -> Store | None:
    """The store, once the indexer has made it; None when asked to stop before."""
    deadline = time.monotonic() + WAIT_FOR_INDEX
    while not stop.is_set():
        try:
            return open_store(path, names)
        except IndexStale:
            deadline = time.monotonic() + WAIT_FOR_INDEX
        except (StoreMissing, IndexNotReady):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(LOOK_AGAIN)
    return None
