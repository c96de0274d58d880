"""`plyr serve`: the indexer and the web process as children of one supervisor.

Ready means that the listener answers and that every source is connected or being retried.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import aiohttp

from atp.did_doc import DidDocument
from atp.keys import PublicKey
from atp.runtime import control
from atp.runtime.config import Listen
from atp.runtime.supervise import Service, process, supervise
from indexer import schema
from indexer.service import IndexerConfig, OwnLabeler
from labeler import schema as labels
from ops.did import labeler_document
from ops.errors import CannotRun
from ops.settings import Settings, as_flags
from pds_client.identity import DidUnavailable

PLYR = (sys.executable, "-m", "ops.cli")  # the same installation, whatever is on the PATH
LOOK_AGAIN = 0.05  # seconds between two looks whether all is ready
WAIT_FOR_LABELER = 15.0  # seconds in which our own labeler is to have started


def listening(settings: Settings) -> Settings:
    """The settings with the port that will be listened on; refuses one that is taken."""
    listen = settings.listen
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen.host, listen.port))
        except OSError as exc:
            raise CannotRun(
                f"cannot listen on {listen}: {exc.strerror}; choose another with --listen"
            ) from exc
        return replace(settings, listen=Listen(listen.host, probe.getsockname()[1]))


def indexer_config(settings: Settings) -> IndexerConfig:
    """What the indexer is told of the settings."""
    return IndexerConfig(
        data_dir=settings.data_dir,
        namespace=settings.namespace,
        relays=settings.relays,
        starts_at_oldest=settings.starts_at_oldest,
        plc_url=settings.plc_url,
        handle_resolvers=settings.handle_resolver_url,
        allow_private_hosts=settings.allow_private_hosts,
        metrics_listen=settings.metrics_listen,
        labelers=settings.followed,
        own_labeler=_own_labeler(settings),
    )


def _own_labeler(settings: Settings) -> OwnLabeler | None:
    """Ours, asked over its socket and read from the listener: it needs no name to be found."""
    if settings.labeler_key_file is None:
        return None
    did, url = settings.labeler, f"http://{_reachable(settings.listen)}"

    async def document() -> DidDocument:
        return DidDocument.parse(labeler_document(did, await _label_key(settings), url), did)

    return OwnLabeler(did, url, document)


async def _label_key(settings: Settings) -> PublicKey | None:
    """The key that our labeler signs with now. Raises `DidUnavailable` when it does not run."""
    deadline = time.monotonic() + WAIT_FOR_LABELER
    while True:
        try:
            told = await control.request(settings.data_dir / labels.FILE, "status", {})
            return PublicKey.from_did_key(told["key"]) if told["key"] else None
        except (control.NotRunning, control.ControlError) as exc:
            if time.monotonic() > deadline:
                raise DidUnavailable(settings.labeler, "our labeler does not run") from exc
        await asyncio.sleep(LOOK_AGAIN)


def summary(settings: Settings, pds: list[str]) -> dict[str, Any]:
    """The line that says where everything is."""
    return {
        "appview": settings.url,
        "relays": list(settings.relays),
        "plc": settings.plc_url,
        "pds": pds,
        "dataDir": str(settings.data_dir.resolve()),
        "serviceDid": settings.did,
    }


def services(settings: Settings) -> dict[str, Service]:
    """The two children, in the order in which they start."""
    flags = as_flags(settings)
    return {
        # The web process serves the indexer's metrics too.
        "indexer": process([*PLYR, "index", *flags, "--metrics-listen=off"]),
        "appview": process([*PLYR, "appview", "--with-labeler", *flags]),
    }


def announce(settings: Settings, say: Callable[[], Coroutine[Any, Any, None]]) -> Service:
    """A service that says once that all is ready, then waits for the end."""

    async def tell() -> None:
        await _ready(settings)
        await say()

    async def run(stop: asyncio.Event) -> None:
        telling = asyncio.create_task(tell())
        asked = asyncio.create_task(stop.wait())
        await asyncio.wait({telling, asked}, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            await telling
        telling.cancel()
        await asked

    return run


async def run_services(settings: Settings, stop: asyncio.Event, *, as_json: bool) -> None:
    """Run everything until told to stop."""

    async def say() -> None:
        if as_json:
            print(json.dumps(summary(settings, [])), flush=True)
        else:
            print(f"plyr serves {settings.url} from {', '.join(settings.relays)}", flush=True)

    await supervise({**services(settings), "ready": announce(settings, say)}, stop)


async def _ready(settings: Settings) -> None:
    await _sources_tried(settings)
    url = f"http://{_reachable(settings.listen)}/xrpc/_health"
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(LOOK_AGAIN)


async def _sources_tried(settings: Settings) -> None:
    path = settings.data_dir / schema.FILE
    while True:
        try:
            found = await control.request(path, "status", {})
        except (control.NotRunning, control.ControlError):
            found = {"sources": []}
        sources = found["sources"]
        if sources and all(one["connected"] or one["error"] for one in sources):
            return
        await asyncio.sleep(LOOK_AGAIN)


def _reachable(listen: Listen) -> Listen:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
    return Listen(everywhere.get(listen.host, listen.host), listen.port)
