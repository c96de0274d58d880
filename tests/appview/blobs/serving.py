"""The blob service on a real socket, an index, and a PDS as good or bad as a test tells it to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from aiohttp import web

from appview import app
from appview.blobs.cache import Cache
from appview.blobs.flights import Flights
from appview.blobs.http import PATH, Blobs
from appview.blobs.metrics import Metrics
from appview.network import Network, network
from appview.store import Store
from atp.cid import Cid
from atp.runtime.metrics import Registry
from atp.runtime.xrpc import Router
from atp.syntax import AtUri, Did
from ops.connection import Connection
from tests import listening as loopback
from tests.appview.index import NAMES, Index
from tests.atp.runtime.foreign_server import web_server
from tests.pds_client.hosts import Plc, document, plc_directory

BODY = Random(1).randbytes(300_001)
DID = Did("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
OTHER = Did("did:plc:bbbbbbbbbbbbbbbbbbbbbbbb")
LIMIT = 10_000_000
PATIENCE = 20.0

Behaviour = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]


async def honest(request: web.Request, body: bytes) -> web.StreamResponse:
    """The file at once."""
    return web.Response(body=body)


@dataclass
class Pds:
    """Has files, and sends them by its ``behaviour``."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    behaviour: Behaviour = honest
    asked: list[str] = field(default_factory=list)

    async def get_blob(self, request: web.Request) -> web.StreamResponse:
        """``com.atproto.sync.getBlob``."""
        cid = request.query["cid"]
        self.asked.append(cid)
        assert "Range" not in request.headers
        if cid not in self.files:
            return web.json_response({"error": "BlobNotFound", "message": "no"}, status=400)
        return await self.behaviour(request, self.files[cid])


@dataclass
class Gate:
    """A behaviour that sends as many bytes as a test lets through; -1 breaks the connection off."""

    told: bool = True
    passed: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: web.Request, body: bytes) -> web.StreamResponse:
        answer = web.StreamResponse()
        if self.told:
            answer.content_length = len(body)
        await answer.prepare(request)
        sent = 0
        try:
            while sent < len(body):
                more = await self.passed.get()
                if more < 0 and request.transport is not None:
                    request.transport.abort()
                    return answer
                await answer.write(body[sent : sent + more])
                sent += more
        except (ConnectionError, asyncio.CancelledError):
            self.left.set()
            raise
        return answer


@dataclass
class Service:
    """Everything of it."""

    index: Index
    store: Store
    network: Network
    plc: Plc
    pds: Pds
    folder: Path
    registry: Registry
    cache: Cache
    flights: Flights
    url: str
    http: aiohttp.ClientSession
    tracks: list[AtUri] = field(default_factory=list)

    def publish(self, body: bytes, mime_type: str = "audio/mpeg", did: Did = DID) -> Cid:
        """Have a track refer to a file, and the PDS have it."""
        cid = Cid.for_raw(body)
        self.pds.files[str(cid)] = body
        self.refer(cid, len(body), mime_type, did)
        return cid

    def refer(self, cid: Cid, size: int, mime_type: str = "audio/mpeg", did: Did = DID) -> None:
        """Have a track refer to a file."""
        ref = {"$type": "blob", "ref": {"$link": str(cid)}, "mimeType": mime_type, "size": size}
        self.tracks.append(self.index.track(did, audioBlob=ref))

    async def kept(self, body: bytes, mime_type: str = "audio/mpeg") -> Cid:
        """A file that has been fetched and checked."""
        cid = self.publish(body, mime_type)
        assert (await self.get(cid)).body == body
        await self.until(lambda: cid in self.cache.files())
        return cid

    def at(self, cid: Cid, did: Did = DID) -> str:
        """Where a file is."""
        return f"{self.url}{PATH}{did}/{cid}"

    async def get(self, cid: Cid, **headers: str) -> Answer:
        """The whole answer to a GET."""
        return await self.ask("GET", cid, **headers)

    async def ask(self, verb: str, cid: Cid, **headers: str) -> Answer:
        """The whole answer to a request; ``If_Range`` is the header If-Range."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(verb, self.at(cid), headers=named) as answer:
            said = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, said, await answer.read())

    async def broken(self, cid: Cid, *passed: int) -> bytes:
        """What comes of an answer whose connection breaks before its end.

        Its first thousand bytes are let through by a gate, and so many more once it has begun.
        """
        gate = self.pds.behaviour = Gate()
        gate.passed.put_nowait(1_000)
        got = b""
        try:
            async with self.http.get(self.at(cid)) as answer:
                assert answer.status == 200
                assert "ETag" not in answer.headers
                assert answer.headers["Cache-Control"] == "no-store"
                for more in passed:
                    gate.passed.put_nowait(more)
                async for piece, _ in answer.content.iter_chunks():
                    got += piece
        except aiohttp.ClientError:
            return got
        raise AssertionError("the answer came to its end")

    def count(self, outcome: str) -> int:
        """How many requests ended so."""
        line = f'blob_requests_total{{outcome="{outcome}"}} '
        (found,) = (
            text for text in self.registry.render().decode().splitlines() if text.startswith(line)
        )
        return int(float(found.removeprefix(line)))

    async def ended(self, outcome: str, times: int = 1) -> None:
        """Wait until so many requests have ended so."""
        await self.until(lambda: self.count(outcome) >= times)
        assert self.count(outcome) == times

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.005)


@dataclass(frozen=True)
class Answer:
    """A whole answer; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@asynccontextmanager
async def service(
    folder: Path,
    *,
    limit: int = LIMIT,
    allow_private_hosts: bool = True,
    taken_in: float = 60.0,
    clock: Callable[[], float] | None = None,
    linger: float = 0.05,
) -> AsyncIterator[Service]:
    """The service over the index and the cache in ``folder``."""
    pds = Pds()
    path = folder / "index.db"
    more: dict[str, Any] = {} if clock is None else {"clock": clock}
    async with (
        web_server([web.get("/xrpc/com.atproto.sync.getBlob", pds.get_blob)]) as pds.url,
        plc_directory() as plc,
        network(plc.url, allow_private_hosts=allow_private_hosts) as way,
        aiohttp.ClientSession() as http,
    ):
        index = Index(path)
        store = app.open_store(path, NAMES)
        registry = Registry()
        cache, metrics = Cache(folder / "blobs", limit), Metrics(registry)
        cache.open()
        flights = Flights(way, cache, metrics, linger=linger, **more)
        for did in (DID, OTHER):
            lives(plc, did, pds.url)
        proxies = [ip_network("127.0.0.0/8")]
        blobs = Blobs(store, flights, metrics, proxies, taken_in=taken_in)
        router = Router((), {}, lambda _name, _outcome: None, mounts={PATH: blobs})
        async with listening(router) as url:
            yield Service(index, store, way, plc, pds, folder, registry, cache, flights, url, http)
        store._conn.close()
        index.conn.close()


def lives(plc: Plc, did: Did, pds: str) -> None:
    """Have an account at home at a PDS."""
    home = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": pds}
    plc.answers[did] = document(did, service=[home])


@asynccontextmanager
async def listening(application: Any) -> AsyncIterator[str]:
    """A server as `ops.web` has it; the value is its URL."""
    async with loopback.listening(
        application,
        http=Connection,
        lifespan="off",
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    ) as port:
        yield f"http://127.0.0.1:{port}"
