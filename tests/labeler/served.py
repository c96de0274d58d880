"""A labeler behind a real listener, inside the test, and those who read its stream."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import cbor2

from atp import label_frames
from atp.frames import ErrorFrame, InfoMsg
from atp.label import Label
from atp.label_frames import LabelsMsg
from atp.runtime.metrics import Registry
from atp.runtime.xrpc import Router
from labeler.decide import Statement
from labeler.labels import Stored
from labeler.service import Labeler, LabelerConfig, opened
from labeler.stream import PATH, Stream
from lexicons.catalog import Catalog
from ops.connection import Connection
from ops.settings import Settings
from ops.websocket import OPTIONS
from tests.labeler.making import KEY, SRC, Clock
from tests.listening import listening

PATIENCE = 30.0  # seconds before a test gives up waiting
QUERY = "/xrpc/com.atproto.label.queryLabels"
ACTOR = "operator:test"
CATALOG = Catalog.load("fm.plyr")


@dataclass
class Served:
    """A labeler that is reached over sockets."""

    labeler: Labeler
    port: int

    @property
    def stream(self) -> Stream:
        """Its stream."""
        stream = self.labeler.mounts[PATH]
        assert isinstance(stream, Stream)
        return stream

    async def give(self, *statements: Statement) -> list[Stored]:
        """Labels, in one transaction."""
        return await self.labeler.labels.apply(statements, ACTOR)

    async def say(self, uri: str, val: str = "spam", **more: Any) -> Stored:
        """One label."""
        return (await self.give(Statement(uri, val, **more)))[0]

    async def query(self, *params: tuple[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and body of queryLabels."""
        url = f"http://127.0.0.1:{self.port}{QUERY}"
        async with aiohttp.ClientSession() as http, http.get(url, params=params) as answer:
            return answer.status, await answer.json()

    async def found(self, *patterns: str) -> list[Label]:
        """The labels that fit patterns."""
        status, body = await self.query(*[("uriPatterns", text) for text in patterns])
        assert status == 200, body
        return [Label.from_json(one) for one in body["labels"]]


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for the name of a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@asynccontextmanager
async def served(
    folder: Path,
    port: int = 0,
    clock: Callable[[], int] | None = None,
    registry: Registry | None = None,
    **options: Any,
) -> AsyncIterator[Served]:
    """The labeler of a folder on a listener like the public one, behind a proxy on this machine."""
    config = LabelerConfig(folder, SRC, KEY, Settings().trusted_proxies)
    async with opened(config, CATALOG, clock or Clock(), registry=registry) as labeler:
        app = Router(labeler.endpoints, {}, lambda *_: None, mounts=labeler.mounts)
        listener = {
            "http": Connection,
            "lifespan": "off",
            "proxy_headers": False,
            **OPTIONS,
            **options,
        }
        async with listening(app, port=port, **listener) as there:
            yield Served(labeler, there)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


@dataclass
class Reading:
    """An open subscription; what it was sent is kept as it came."""

    socket: aiohttp.ClientWebSocketResponse

    async def message(self) -> label_frames.Message:
        """The next message, which must be a binary one."""
        got = await self.socket.receive(PATIENCE)
        assert got.type is aiohttp.WSMsgType.BINARY, got
        return label_frames.decode(got.data)

    async def raw(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The two CBOR objects of the next message, read by others' code; nothing follows them."""
        got = await self.socket.receive(PATIENCE)
        assert got.type is aiohttp.WSMsgType.BINARY, got
        stream = io.BytesIO(got.data)
        header, body = cbor2.load(stream), cbor2.load(stream)
        assert stream.read() == b""
        return header, body

    async def labels(self, count: int) -> list[tuple[int, Label]]:
        """So many labels, one a message."""
        return [await self.label() for _ in range(count)]

    async def label(self) -> tuple[int, Label]:
        """The next label and its place."""
        message = await self.message()
        assert isinstance(message, LabelsMsg), message
        (label,) = message.labels
        return message.seq, label

    async def end(self) -> tuple[str, int | None]:
        """The name of the error that ends the stream, and the code with which it is closed."""
        message = await self.message()
        assert isinstance(message, ErrorFrame), message
        got = await self.socket.receive(PATIENCE)
        assert got.type is aiohttp.WSMsgType.CLOSE, got
        return message.error, got.data

    async def info(self) -> str:
        """The name of what the stream says about itself."""
        message = await self.message()
        assert isinstance(message, InfoMsg), message
        return message.name


@asynccontextmanager
async def reading(
    port: int, cursor: object = None, headers: Mapping[str, str] | None = None, **options: Any
) -> AsyncIterator[Reading]:
    """A subscription from a cursor on."""
    query = "" if cursor is None else f"?cursor={cursor}"
    url = f"ws://127.0.0.1:{port}{PATH}{query}"
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(url, headers=headers, **options) as it,
    ):
        yield Reading(it)


def tracks(count: int, val: str = "spam") -> Sequence[Statement]:
    """Labels of so many records."""
    return [Statement(f"at://did:plc:artist/fm.plyr.track/{n:06d}", val) for n in range(count)]
