"""The public listener: one ASGI application on one address, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from atp.runtime.asgi import App
from atp.runtime.config import Listen
from ops import websocket
from ops.connection import Connection

LAST_REQUESTS = 3  # seconds for requests under way at the end
MAX_CONNECTIONS = 2_000
IDLE_SECONDS = 30  # how long a kept-alive connection may be silent


async def serve(app: App, listen: Listen, stop: asyncio.Event) -> None:
    """Serve until told to stop; requests under way are answered."""
    server = _Server(
        uvicorn.Config(
            app,
            host=listen.host,
            port=listen.port,
            http=Connection,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the gate reads them, and says whose are believed
            lifespan="off",
            **websocket.OPTIONS,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=LAST_REQUESTS,
        )
    )
    serving = asyncio.create_task(server.serve())
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    server.should_exit = True
    await serving


class _Server(uvicorn.Server):
    """A server whose signals are somebody else's business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
