"""Connections of the public listener whose requests do not come as they should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
import uvicorn

from atp.runtime.asgi import Receive, Response, Scope, Send
from ops import connection
from ops.connection import MAX_HEAD, Connection

REQUEST = b"GET /%s HTTP/1.1\r\nHost: a.test\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Says which path was asked for."""
    await Response(scope["path"].encode()).send(send, head=False)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where a server with such connections listens."""
    config = uvicorn.Config(app, port=0, http=Connection, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def told(port: int, *parts: bytes, until: bytes = b"") -> bytes:
    """What a client hears who sends these parts and reads until the end, or until some bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await (reader.readuntil(until) if until else reader.read())
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_a_request_in_pieces_is_answered(port: int) -> None:
    """Bounds are on the head alone: it may be long, and come in pieces."""
    long = b"a" * (MAX_HEAD // 2)
    request = REQUEST % long
    heard = await told(port, request[:100], request[100:], until=long)
    assert heard.startswith(b"HTTP/1.1 200")


async def test_requests_on_one_connection_are_counted_apart(port: int) -> None:
    """Heads that together exceed the bound are read, one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(4):
        path = b"%d" % number + b"b" * (MAX_HEAD // 3)
        writer.write(REQUEST % path)
        assert (await reader.readuntil(path)).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_head_that_does_not_end_is_refused(port: int) -> None:
    """A client that goes on sending headers is told so, and the connection is closed."""
    endless = b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * (MAX_HEAD // 6)
    heard = await told(port, endless)
    assert heard.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in heard
    assert orjson.loads(heard.partition(b"\r\n\r\n")[2])["error"] == "InvalidRequest"


async def test_what_is_no_request_is_refused_as_xrpc_does(port: int) -> None:
    """Also to a browser on another origin."""
    heard = await told(port, b"\x16\x03\x01 hello\r\n\r\n")
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json")
    assert b"access-control-allow-origin: *" in head.lower()
    assert b"content-length: %d" % len(body) in head
    assert orjson.loads(body)["error"] == "InvalidRequest"


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost"])
async def test_silence_is_not_waited_for(
    port: int, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection whose request does not come is closed in time."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    async with asyncio.timeout(5):
        assert await told(port, sent) == b""


async def test_a_slow_second_request_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where the request before it was answered."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    async with asyncio.timeout(5):
        heard = await told(port, REQUEST % b"first", b"GET /sec")
    assert heard.endswith(b"/first")
