"""One call of a bare ASGI application, without a server between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from atp.runtime.asgi import Receive, Scope, Send

App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """What the application sent."""

    status: int
    headers: dict[str, str]
    body: bytes


async def call(
    app: App,
    path: str,
    query: bytes = b"",
    *,
    verb: str = "GET",
    headers: Mapping[bytes, bytes] | None = None,
    receive: Callable[[], Awaitable[Any]] | None = None,
) -> Answer:
    """The answer to one request."""
    sent: list[Any] = []

    async def empty_body() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": verb,
        "path": path,
        "query_string": query,
        "headers": list((headers or {}).items()),
    }
    await app(scope, receive or empty_body, send)
    start, body = sent
    names = [name.decode("latin-1") for name, _ in start["headers"]]
    assert len(names) == len(set(names)), "a header is repeated"
    pairs = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], pairs, body["body"])


def call_sync(app: App, path: str, query: bytes = b"", **options: Any) -> Answer:
    """``call`` for code outside a running loop."""
    return asyncio.run(call(app, path, query, **options))
