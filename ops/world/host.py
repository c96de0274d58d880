"""One server of the network: an HTTP listener on a loopback port that the system picks.

The PLC directory, every PDS and the relay are each a `Host`. The faults that strike a server as a
whole are switched here, so that they look alike on every socket: a stalled host accepts connections
and says nothing more, neither answers nor frames; a cut aborts every open connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

SHUTDOWN_SECONDS = 1.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Host:
    """A server of GET routes; reachable at `url` once started."""

    def __init__(self) -> None:
        self.flowing = asyncio.Event()
        """Set while the host is not stalled."""
        self.flowing.set()
        self._app = web.Application(middlewares=[self._wait_until_flowing])
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        self._port: int | None = None

    @web.middleware
    async def _wait_until_flowing(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        await self.flowing.wait()
        return await handler(request)

    @property
    def name(self) -> str:
        """Host name and port, as relays list it."""
        if self._port is None:
            raise RuntimeError("this host is not serving yet: enter the world first")
        return f"localhost:{self._port}"

    @property
    def url(self) -> str:
        """The HTTP base URL."""
        return f"http://{self.name}"

    def answer(self, routes: Mapping[str, Handler]) -> None:
        """Serve these path patterns, each by its handler; before `start`."""
        self._app.add_routes([web.get(path, handler) for path, handler in routes.items()])

    async def start(self) -> None:
        """Listen."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = site.port

    async def stop(self) -> None:
        """Close the listener and every connection."""
        self.flowing.set()
        self.cut()
        await self._runner.cleanup()

    def stall(self) -> None:
        """Fall silent, connections open, until `resume`."""
        self.flowing.clear()

    def resume(self) -> None:
        """Go on where `stall` stopped."""
        self.flowing.set()

    def cut(self) -> None:
        """Abort every open connection, without a close frame or an end of the body."""
        server = self._runner.server
        for connection in server.connections if server else ():
            if connection.transport is not None:
                connection.transport.abort()
