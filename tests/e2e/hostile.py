"""Hosts that pretend to be a PDS: each has one account and one crime.

They say honestly that the account has tracks, and commit their crime when its repo is asked for,
unless the crime is to the whole host.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import orjson

from atp import car
from atp.cid import Cid
from atp.commit import Commit
from atp.mst import Node
from atp.tid import Tid
from lexicons.names import Names
from ops.world.account import Account
from tests.atp.runtime.foreign_server import Handler, read_head, tcp_server

MEGABYTE = bytes(1_000_000)
SEVERAL = 3_000_001
"""Blocks of a CAR that has too many."""

Send = Callable[[bytes], Awaitable[None]]
Crime = Callable[[Send], Awaitable[None]]
"""Sends an answer to getRepo, head and all."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A host, once it listens; ``silent`` accepts connections and never answers."""

    crime: Crime
    silent: bool = False


def head(*lines: bytes) -> bytes:
    """The head of a successful answer without a length: it lasts until the connection ends."""
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Connection: close", *lines, b"", b""))


def sends(body: bytes, *lines: bytes) -> Crime:
    """Send this body."""

    async def crime(send: Send) -> None:
        await send(head(*lines) + body)

    return crime


def says(answer: bytes) -> Crime:
    """Send this whole answer."""

    async def crime(send: Send) -> None:
        await send(answer)

    return crime


async def endless(send: Send) -> None:
    """A body that never comes to an end."""
    await send(head())
    while True:
        await send(MEGABYTE)


async def drips(send: Send) -> None:
    """A byte a second."""
    await send(head())
    while True:
        await send(b"\x00")
        await asyncio.sleep(1)


async def many_blocks(send: Send) -> None:
    """Millions of blocks of one byte; nobody checks a hash that nobody asks for."""
    await send(head() + car.write([Cid.for_cbor(b"root")], []))
    prefix = b"\x25" + bytes(Cid.for_cbor(b""))[:4] + bytes(24)
    for start in range(0, SEVERAL, 10_000):
        numbers = range(start, min(start + 10_000, SEVERAL))
        await send(b"".join(prefix + n.to_bytes(8, "big") + b"\xa0" for n in numbers))


def gzip_bomb() -> Crime:
    """Gigabytes of zeros that take a megabyte on the wire."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first, more = (packer.compress(MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return sends(first + more * 2_000, b"Content-Encoding: gzip")


def announces(size: int) -> Crime:
    """Say that the body has so many bytes."""
    return says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nx" % size)


def redirects(target: bytes) -> Crime:
    """Send whoever asks elsewhere."""
    return says(b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % target)


def signed(by: Account, *nodes: Node, root: Cid | None = None, extra: bytes = b"") -> bytes:
    """A CAR with a commit of this account over these nodes, the first of them the root."""
    data = root or nodes[0].cid
    rev = Tid.from_micros(by.repo.head.rev.micros() + 1, 1)
    commit = Commit(by.did, rev, data).sign(by.repo.key)
    blocks = [(commit.cid, commit.to_bytes()), *((node.cid, node.to_bytes()) for node in nodes)]
    return car.write([commit.cid], [*blocks, *([(data, extra)] if extra else [])])


@asynccontextmanager
async def committing(account: Account, bad: Bad) -> AsyncIterator[str]:
    """The host of this account, up and committing its crime; the value is its URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if bad.silent:
            await reader.read()
            return

        async def send(piece: bytes) -> None:
            writer.write(piece)
            await writer.drain()

        url = urlsplit((await read_head(reader))[""].split(" ")[1])
        if url.path.endswith("getRepo") and parse_qs(url.query)["did"] == [account.did]:
            await bad.crime(send)
        else:
            await send(_described(account))

    handler: Handler = answer
    async with tcp_server(handler) as port:
        yield f"http://localhost:{port}"


def _described(account: Account) -> bytes:
    body = orjson.dumps(
        {
            "did": account.did,
            "handle": account.handle,
            "handleIsCorrect": True,
            "didDoc": {},
            "collections": [Names().track],
        }
    )
    return head() + body
