"""What comes back over HTTP is bounded: hostile servers on loopback against the client."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from aiohttp import web

from atp.runtime import http as http_module
from atp.runtime.http import (
    ERROR_BODY_LIMIT,
    Client,
    HttpError,
    HttpStatus,
    HttpTooLarge,
    HttpUnavailable,
)
from tests.atp.runtime.foreign_server import Handler, answers, tcp_server, web_server


async def outcome(handler: Handler, **bounds: float) -> HttpError | bytes:
    """What a GET makes of a server."""
    async with tcp_server(handler) as port, Client(allow_private=True) as http:
        try:
            url = f"http://127.0.0.1:{port}/"
            limit = int(bounds.get("limit", 1_000))
            return (await http.get_bytes(url, limit=limit, timeout=bounds.get("timeout", 5.0))).body
        except HttpError as exc:
            return exc


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, HttpStatus),
        (403, HttpStatus),
        (404, HttpStatus),
        (410, HttpStatus),
        (501, HttpStatus),
        (408, HttpUnavailable),
        (425, HttpUnavailable),
        (429, HttpUnavailable),
        (500, HttpUnavailable),
        (502, HttpUnavailable),
        (503, HttpUnavailable),
        (599, HttpUnavailable),
        (302, HttpStatus),
    ],
)
async def test_status(status: int, error: type[HttpError]) -> None:
    """A refusal is told from a reason to come back, with the body or the time to wait."""
    head = f"HTTP/1.1 {status} X\r\nRetry-After: 30\r\nLocation: /\r\nContent-Length: 4\r\n\r\n"
    failed = await outcome(answers(head.encode() + b"why?"))
    assert type(failed) is error
    if isinstance(failed, HttpUnavailable):
        assert (failed.status, failed.retry_after) == (status, 30)
    if isinstance(failed, HttpStatus):
        assert (failed.status, failed.headers["location"]) == (status, "/")
        assert failed.body == b"why?"


async def test_error_body_is_cut() -> None:
    """An endless error page does not hide the status."""
    page = b"HTTP/1.1 404 X\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000
    failed = await outcome(answers(page), limit=10)
    assert isinstance(failed, HttpStatus)
    assert failed.body == b"x" * ERROR_BODY_LIMIT


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        pytest.param(b"", HttpUnavailable, id="nothing"),
        pytest.param(b"\x00\x01\x02garbage\r\n\r\n", HttpUnavailable, id="garbage"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", HttpUnavailable, id="other protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nCont", HttpUnavailable, id="half a head"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", HttpUnavailable, id="half a body"
        ),
        pytest.param(CHUNKED + b"zz\r\n", HttpUnavailable, id="bad chunk"),
        pytest.param(CHUNKED + b"fffffffffffffffff\r\nx", HttpUnavailable, id="huge chunk size"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", HttpUnavailable, id="bad length"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
            HttpUnavailable,
            id="long header",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
            HttpUnavailable,
            id="many headers",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
            HttpUnavailable,
            id="bad gzip",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", HttpTooLarge, id="announced size"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_001, HttpTooLarge, id="no length"),
        pytest.param(CHUNKED + b"3e9\r\n" + b"x" * 1_001, HttpTooLarge, id="chunk too long"),
    ],
)
async def test_bad_answers(sent: bytes, error: type[HttpError]) -> None:
    """Whatever a server sends, the failure is one of ours."""
    assert type(await outcome(answers(sent))) is error


async def test_limit_is_exact() -> None:
    """A body of the limit's size passes."""
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    assert await outcome(answers(head + b"x" * 1_000)) == b"x" * 1_000


def bomb(wbits: int) -> bytes:
    """A hundred megabytes of zeros, compressed to a hundred kilobytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, wbits)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(100)) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "make"),
    [
        (b"gzip", lambda: bomb(31)),
        (b"deflate", lambda: bomb(15)),
        (b"gzip", lambda: gzip.compress(bytes(100_000)) * 2_000),
    ],
    ids=["gzip", "deflate", "gzip of many members"],
)
async def test_decompression_bomb(encoding: bytes, make: Callable[[], bytes]) -> None:
    """A bomb is cut off at the limit and costs little memory on the way."""
    body = make()
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: " + encoding + b"\r\n\r\n"
    tracemalloc.start()
    try:
        failed = await outcome(answers(head + body), limit=500_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert type(failed) is HttpTooLarge
    assert peak < 8_000_000


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"HTTP/1.1 200 OK\r\n"] + [b"X-%d: y\r\n" % n for n in range(99)], id="head"),
        pytest.param([b"HTTP/1.1 200 OK\r\n\r\n"] + [b"x"] * 99, id="body"),
        pytest.param([b"HTTP/1.1 404 X\r\n\r\n"] + [b"x"] * 99, id="error body"),
        pytest.param([b"HTTP/1.1 100 Continue\r\n\r\n"] * 99, id="continue"),
        pytest.param([b""] * 99, id="nothing"),
    ],
)
async def test_slow_answers(pieces: list[bytes]) -> None:
    """A server that keeps something dripping is left when the time is over."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    failed = await outcome(answers(*pieces, pause=0.1), timeout=0.4)
    assert type(failed) is HttpUnavailable
    assert "in time" in str(failed)
    assert loop.time() - begun < 2


async def test_body_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that stops coming is given up long before a generous total time."""
    monkeypatch.setattr(http_module, "READ_TIMEOUT", 0.2)
    body = answers(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx", b"", pause=3)
    async with asyncio.timeout(2):
        assert type(await outcome(body, timeout=60)) is HttpUnavailable


async def test_a_slow_host_delays_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host gets so many connections and no more; others are answered meanwhile."""
    monkeypatch.setattr(http_module, "MAX_PER_HOST", 3)
    at_once = most = 0

    async def stuck(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await reader.read()
        at_once -= 1
        writer.close()

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async with (
        tcp_server(stuck) as port,
        web_server([web.get("/", answer)]) as url,
        Client(allow_private=True) as http,
    ):
        waiting = [
            asyncio.create_task(http.get_bytes(f"http://127.0.0.1:{port}/", timeout=0.5))
            for _ in range(20)
        ]
        await asyncio.sleep(0.1)
        async with asyncio.timeout(0.3):
            assert (await http.get_bytes(url)).body == b"ok"
        failures = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(failure) for failure in failures} == {HttpUnavailable}
    assert most == 3
