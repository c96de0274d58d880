"""Connections of the public listener whose requests do not come as they should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import orjson
import pytest

from atp.runtime.asgi import WHOLE, App, Message, Receive, Response, Scope, Send
from ops import connection
from ops.connection import MAX_HEAD, Connection
from tests.listening import listening

REQUEST = b"GET /%s HTTP/1.1\r\nHost: a.test\r\n\r\n"


async def in_one(scope: Scope, receive: Receive, send: Send) -> None:
    """The same, written at once where that is possible."""
    await answer(scope).send(send, head=scope["method"] == "HEAD", whole=scope["extensions"][WHOLE])
    if scope["path"].startswith("/slow"):
        await asyncio.sleep(0)


async def in_one_only(scope: Scope, receive: Receive, send: Send) -> None:
    """The same, where it is a defect not to be able to."""

    async def refuse(message: Message) -> None:
        raise AssertionError(message)

    whole = scope["extensions"][WHOLE]
    await answer(scope).send(refuse, head=scope["method"] == "HEAD", whole=whole)


async def in_parts(scope: Scope, receive: Receive, send: Send) -> None:
    """The same, as ASGI has it."""
    await answer(scope).send(send, head=scope["method"] == "HEAD")


def answer(scope: Scope) -> Response:
    """Says which path was asked for, unless that is a status of answers without a body."""
    if scope["path"] == "/304":
        return Response(b"", 304, headers=((b"etag", b'"a"'),))
    return Response(scope["path"].encode())


Serve = Callable[[App], Awaitable[int]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves an application on such connections, and says at which port."""
    async with AsyncExitStack() as running:

        async def start(app: App) -> int:
            server = listening(app, http=Connection, lifespan="off", access_log=False)
            return await running.enter_async_context(server)

        yield start


@pytest.fixture
async def port(serve: Serve) -> int:
    """Where a server with such connections listens."""
    return await serve(in_parts)


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


def without_date(heard: bytes) -> list[bytes]:
    """The lines of an answer but for that with the time."""
    return [line for line in heard.split(b"\r\n") if not line.startswith(b"date: ")]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /a HTTP/1.1\r\nConnection: close",
        b"GET /a HTTP/1.0",
        b"HEAD /a HTTP/1.1\r\nConnection: close",
        b"HEAD /a HTTP/1.0",
        b"GET /304 HTTP/1.1\r\nConnection: close",
        b"POST /a HTTP/1.1\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1",
    ],
)
async def test_whole_answers_are_those_of_the_server(serve: Serve, head: bytes) -> None:
    """Written at once or as ASGI has it: the same bytes, and the same end of the connection."""
    request = head + b"\r\nHost: a.test\r\n\r\n"
    heard = [await told(await serve(app), request) for app in (in_one_only, in_parts)]
    assert heard[0].count(b"HTTP/1.1") == 1
    assert without_date(heard[0]) == without_date(heard[1])


async def test_whole_answers_keep_the_connection(serve: Serve) -> None:
    """Requests one after the other, and several in one write, are answered in their order."""
    port = await serve(in_one)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(3):
        writer.write(REQUEST % b"quick%d" % number)
        assert (await reader.readuntil(b"/quick%d" % number)).startswith(b"HTTP/1.1 200")
    writer.write(b"".join(REQUEST % b"slow%d" % number for number in range(2000)))
    for number in range(2000):
        assert (await reader.readuntil(b"/slow%d" % number)).count(b"HTTP/1.1 200") == 1
    writer.close()


@pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb: c", b"a\rb: c"])
async def test_a_header_does_not_break_out_of_its_line(serve: Serve, value: bytes) -> None:
    """Whatever an application puts into one; it is told so, and the client that all went wrong."""
    given = Response(b"{}", headers=((b"x-more", value),))
    refused: list[str] = []

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        try:
            await given.send(send, head=False, whole=scope["extensions"][WHOLE])
        except ValueError as exc:
            refused.append(str(exc))
            raise

    heard = await told(await serve(app), REQUEST % b"", until=b"Error")
    assert refused == ["a header has a line break"]
    assert heard.startswith(b"HTTP/1.1 500")
    assert b"b: c" not in heard


async def test_who_does_not_read_is_waited_for(serve: Serve) -> None:
    """What a client does not take is not piled up: the next answer waits."""
    sent: list[int] = []
    page = Response(b"x" * 1_000_000)

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        await page.send(send, head=False, whole=scope["extensions"][WHOLE])
        sent.append(1)

    reader, writer = await asyncio.open_connection("127.0.0.1", await serve(app))
    writer.write(b"".join(REQUEST % b"" for _ in range(50)))
    before = -1
    while len(sent) > before:
        before = len(sent)
        await asyncio.sleep(0.2)
    assert len(sent) < 50
    while len(sent) < 50:
        await reader.read(2**20)
    writer.close()
