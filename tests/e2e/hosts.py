"""A host that replays recorded frames, and a directory that knows their accounts."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libipld
from aiohttp import WSMsgType, web

SUBSCRIBE = "/xrpc/com.atproto.sync.subscribeRepos"


def recorded(path: Path, endian: str) -> list[bytes]:
    """The frames of a recording: length (u32) and frame, again and again."""
    raw = path.read_bytes()
    frames = []
    at = 0
    while at < len(raw):
        (size,) = struct.unpack_from(f"{endian}I", raw, at)
        frames.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    return frames


def body(frame: bytes) -> dict[str, Any]:
    """The second map of a frame."""
    return libipld.decode_dag_cbor_multi(frame)[1]  # type: ignore[no-any-return]


@dataclass
class Host:
    """Where a running host is, and what it was asked."""

    url: str
    stream: str
    cursors: list[str | None]
    sockets: set[web.WebSocketResponse]
    news: asyncio.Event

    async def cut(self) -> None:
        """Close every subscription."""
        for socket in list(self.sockets):
            await socket.close(code=1001)


@asynccontextmanager
async def replaying(
    frames: Sequence[bytes], documents: Mapping[str, Any], handles: Mapping[str, str] | None = None
) -> AsyncIterator[Host]:
    """Serve ``frames`` after the cursor, then stay open; and ``documents`` by DID.

    An event in the place of a document keeps whoever asks waiting until it is set.

    ``frames`` may be a list that grows: set ``Host.news`` after adding to it.
    """
    found = dict(handles or {})
    host = Host("", "", [], set(), asyncio.Event())

    async def subscribe(request: web.Request) -> web.WebSocketResponse:
        cursor = request.query.get("cursor")
        host.cursors.append(cursor)
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        host.sockets.add(socket)
        sending = asyncio.create_task(send(socket, int(cursor or 0)))
        async for message in socket:
            if message.type is WSMsgType.ERROR:
                break
        sending.cancel()
        host.sockets.discard(socket)
        return socket

    async def send(socket: web.WebSocketResponse, cursor: int) -> None:
        at = 0
        while True:
            host.news.clear()
            while at < len(frames):
                try:
                    seq = body(frames[at]).get("seq", cursor + 1)
                except ValueError:
                    seq = cursor + 1
                if not isinstance(seq, int) or seq > cursor:
                    await socket.send_bytes(frames[at])
                at += 1
            await host.news.wait()

    async def document(request: web.Request) -> web.Response:
        doc = documents.get(request.match_info["did"])
        if isinstance(doc, asyncio.Event):
            await doc.wait()
            doc = None
        return web.json_response(
            doc or {"message": "DID not registered"}, status=200 if doc else 404
        )

    async def resolve(request: web.Request) -> web.Response:
        did = found.get(request.query["handle"])
        if did is None:
            return web.json_response({"error": "HandleNotFound", "message": "no"}, status=400)
        return web.json_response({"did": did})

    app = web.Application()
    app.router.add_get(SUBSCRIBE, subscribe)
    app.router.add_get("/xrpc/com.atproto.identity.resolveHandle", resolve)
    app.router.add_get("/{did:did:.*}", document)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    host.url = f"http://127.0.0.1:{port}"
    host.stream = f"ws://127.0.0.1:{port}"
    try:
        yield host
    finally:
        await host.cut()
        await runner.cleanup()
