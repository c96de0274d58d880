"""A host in front of another's firehose: what it lets through, and whether it is there at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import ClientSession, WSMsgType, web

from tests.e2e.hosts import SUBSCRIBE


@dataclass
class Between:
    """A stream that serves another's; it lists no repos, so nobody is discovered through it."""

    stream: str = ""
    cursors: list[str | None] = field(default_factory=list)
    up: bool = True
    passes: Callable[[bytes], bool] = lambda _frame: True
    _sockets: set[web.WebSocketResponse] = field(default_factory=set)

    async def go_down(self) -> None:
        """Close every subscription, and take no new one while ``up`` is false."""
        self.up = False
        for socket in list(self._sockets):
            await socket.close(code=1001)


@asynccontextmanager
async def between(upstream: str) -> AsyncIterator[Between]:
    """Serve the firehose of ``upstream``, a websocket URL."""
    one = Between()

    async def subscribe(request: web.Request) -> web.StreamResponse:
        if not one.up:
            return web.Response(status=503)
        one.cursors.append(request.query.get("cursor"))
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        one._sockets.add(socket)
        passing = asyncio.create_task(hand_on(socket, request.query_string))
        async for _ in socket:
            pass
        passing.cancel()
        one._sockets.discard(socket)
        return socket

    async def hand_on(socket: web.WebSocketResponse, query: str) -> None:
        async with http.ws_connect(f"{upstream}{SUBSCRIBE}?{query}", max_msg_size=0) as source:
            with suppress(ConnectionError):
                async for message in source:
                    if message.type is WSMsgType.BINARY and one.passes(message.data):
                        await socket.send_bytes(message.data)

    app = web.Application()
    app.router.add_get(SUBSCRIBE, subscribe)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.stream = f"ws://127.0.0.1:{site.port}"
    async with ClientSession() as http:
        try:
            yield one
        finally:
            await one.go_down()
            await runner.cleanup()
