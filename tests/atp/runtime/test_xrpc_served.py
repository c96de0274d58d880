"""The router behind a real server and a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from atp.runtime.xrpc import Router
from tests.atp.runtime.test_xrpc import ENDPOINTS, PAGES
from tests.listening import listening


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where the router listens."""
    router = Router(ENDPOINTS, PAGES, lambda _name, _outcome: None)
    async with listening(router, lifespan="on") as port:
        yield port


async def exchange(port: int, request: bytes) -> bytes:
    """Everything the server sends back until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def test_get_and_head_on_one_connection(port: int) -> None:
    """HEAD leaves the connection in step, so the next answer on it is whole."""
    head = b"HEAD /xrpc/com.example.echo?a=1 HTTP/1.1\r\nHost: x\r\n\r\n"
    get = b"GET /xrpc/com.example.echo?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await exchange(port, head + get)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b"content-length: 21") == 2
    assert answer.endswith(b'\r\n\r\n{"pairs":[["a","1"]]}')


async def test_unread_body_does_no_harm(port: int) -> None:
    """A query with a body is answered, and the connection stays in step."""
    body = b"x" * 100_000
    get = b"GET /xrpc/com.example.echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + body
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await exchange(port, get + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/xrpc/com.example.echo?a=%ff", b"400"),
        (b"/xrpc/com.example.echo?a=%00%zz", b"400"),
        (b"/xrpc/%ff%fe", b"400"),
        (b"/xrpc/a.b.c%2Fd", b"404"),
        (b"/%2e%2e/etc/passwd", b"404"),
        (b"//xrpc/com.example.echo", b"404"),
        (b"/xrpc/com.example.echo?" + b"a" * 40_000, b"414"),
    ],
)
async def test_hostile_targets(port: int, target: bytes, status: bytes) -> None:
    """Broken escapes, odd paths and long queries have their status, with CORS headers."""
    answer = await exchange(
        port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"access-control-allow-origin: *" in answer


async def test_websocket_is_refused(port: int) -> None:
    """A websocket handshake is turned down before it opens."""
    answer = await exchange(
        port,
        b"GET /xrpc/com.example.echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 403")
