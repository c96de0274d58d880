"""The ceiling of a page: ``python -m ops.bench.static HOST:PORT FILE`` serves bytes from memory.

A plain Starlette endpoint on the listener that the AppView has. The file has the answers by query
string, as JSON.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import orjson
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from atp.runtime.config import Listen
from ops.listener import serve


def application(answers: dict[bytes, bytes]) -> Starlette:
    """The endpoint; ``answers`` by query string."""

    async def page(request: Request) -> Response:
        return Response(answers[request.scope["query_string"]], media_type="application/json")

    return Starlette(routes=[Route("/xrpc/{method}", page)])


def main() -> None:
    """Serve until killed."""
    listen, file = sys.argv[1:]
    known = orjson.loads(Path(file).read_bytes())
    answers = {query.encode(): body.encode() for query, body in known.items()}
    uvloop.run(serve(application(answers), Listen.parse(listen), asyncio.Event()))


if __name__ == "__main__":
    main()
