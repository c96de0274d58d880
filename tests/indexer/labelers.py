"""A labeler on a socket of its own: a stream that can be cut and a directory that tells its key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from atp import frames, label_frames
from atp.did_doc import build
from atp.keys import Curve, PrivateKey
from atp.label import KEY_ID, SERVICE_ID, SERVICE_TYPE, Label
from atp.label_frames import LabelsMsg
from atp.syntax import Datetime, Did
from indexer.labels import SUBSCRIBE

DID = Did("did:plc:alabelerofthetests234567")
KEY = PrivateKey.from_bytes(Curve.K256, b"\x09" * 32)
START = Datetime("2026-01-01T00:00:00.000Z").micros()


@dataclass
class LabelHost:
    """What it sends: frames by their sequence number, those after the cursor, and what was asked."""

    did: Did = DID
    key: PrivateKey = KEY
    served: bool = True
    url: str = ""
    sent: dict[int, bytes] = field(default_factory=dict)
    cursors: list[int] = field(default_factory=list)
    asked: int = 0
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    clock: int = START

    def label(self, val: str = "spam", uri: str = "x:y", **fields: Any) -> Label:
        """A label of this labeler, a second after the last."""
        self.clock += 1_000_000
        cts = Datetime.from_micros(self.clock)
        return Label(**{"src": self.did, "uri": uri, "val": val, "cts": cts, **fields}).sign(
            self.key
        )

    def send(self, *labels: Label, seq: int | None = None) -> int:
        """Send labels in one message; its sequence number."""
        seq = seq or max(self.sent, default=0) + 1
        self.send_frame(seq, label_frames.encode(LabelsMsg(seq, labels)))
        return seq

    def send_frame(self, seq: int, frame: bytes) -> None:
        """Send any frame in the place of a sequence number."""
        self.sent[seq] = frame
        self.news.set()

    def document(self) -> dict[str, Any]:
        """Its DID document."""
        services = {SERVICE_ID: (SERVICE_TYPE, self.url)} if self.served else {}
        return build(self.did, None, {KEY_ID: self.key.public_key}, services)

    async def cut(self) -> None:
        """Close every subscription."""
        for socket in list(self.sockets):
            await socket.close(code=1001)


@asynccontextmanager
async def serving(host: LabelHost | None = None) -> AsyncIterator[LabelHost]:
    """A labeler that serves what `LabelHost` is told, on a free port."""
    host = host or LabelHost()

    async def subscribe(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        host.sockets.add(socket)
        cursor = int(request.query["cursor"])
        host.cursors.append(cursor)
        if cursor > max(host.sent, default=0):
            await socket.send_bytes(frames.encode_error("FutureCursor", "not yet"))
            await socket.close()
            return socket
        sending = asyncio.create_task(send(socket, cursor))
        async for message in socket:
            if message.type is WSMsgType.ERROR:
                break
        sending.cancel()
        host.sockets.discard(socket)
        return socket

    async def send(socket: web.WebSocketResponse, cursor: int) -> None:
        done: set[int] = set()
        while True:
            host.news.clear()
            for seq, frame in sorted(host.sent.items()):
                if seq > cursor and seq not in done:
                    done.add(seq)
                    await socket.send_bytes(frame)
            await host.news.wait()

    async def document(_request: web.Request) -> web.Response:
        host.asked += 1
        return web.json_response(host.document())

    app = web.Application()
    app.router.add_get(SUBSCRIBE, subscribe)
    app.router.add_get(f"/{host.did}", document)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    host.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    try:
        yield host
    finally:
        await host.cut()
        await runner.cleanup()
