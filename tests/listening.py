"""A real server on loopback, inside the test, as long as the test needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

PATIENCE = 30.0  # seconds before a server that neither starts nor fails is given up


@asynccontextmanager
async def listening(application: Any, **options: Any) -> AsyncIterator[int]:
    """Serve an application, on a free port unless the options say which; the value is the port.

    The options are those of uvicorn. A server that cannot start raises why.
    """
    server = uvicorn.Server(
        uvicorn.Config(application, **{"port": 0, "log_config": None, **options})
    )
    serving = asyncio.create_task(_serve(server))
    try:
        async with asyncio.timeout(PATIENCE):
            while not server.started:
                if serving.done():
                    await serving
                await asyncio.sleep(0.005)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def _serve(server: uvicorn.Server) -> None:
    """Serve; what would end the process, as of an address in use, is an error like any other."""
    try:
        await server._serve()
    except SystemExit as exc:
        raise RuntimeError("the server did not start") from exc.__context__ or exc
