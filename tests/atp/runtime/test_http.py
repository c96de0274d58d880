"""The HTTP client against real servers on loopback, most of them hostile."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import trustme
from aiohttp import web

from atp.runtime import http as http_module
from atp.runtime.http import (
    ERROR_BODY_LIMIT,
    Client,
    HttpError,
    HttpMalformed,
    HttpNoHost,
    HttpRefused,
    HttpStatus,
    HttpTooLarge,
    HttpUnavailable,
)
from tests.atp.runtime.foreign_server import Handler, read_head, tcp_server, web_server


def answers(*pieces: bytes, pause: float = 0.0) -> Handler:
    """A server that sends these bytes after each request, resting in between, then hangs up."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return handler


async def outcome(handler: Handler, **bounds: float) -> HttpError | bytes:
    """What a GET makes of a server."""
    async with tcp_server(handler) as port, Client(allow_private=True) as http:
        try:
            url = f"http://127.0.0.1:{port}/"
            limit = int(bounds.get("limit", 1_000))
            return (await http.get_bytes(url, limit=limit, timeout=bounds.get("timeout", 5.0))).body
        except HttpError as exc:
            return exc


async def test_an_honest_answer() -> None:
    """JSON is parsed whatever its type and encoding; status, headers and body are handed out."""

    async def answer(request: web.Request) -> web.Response:
        assert "Cookie" not in request.headers
        response = web.Response(body=b'{"a": [1, "\xc3\xa9"]}', content_type="text/html")
        response.enable_compression()
        response.set_cookie("tracked", "1")
        return response

    async with web_server([web.get("/x", answer)]) as url, Client(allow_private=True) as http:
        for _ in range(2):
            assert await http.get_json(f"{url}/x") == {"a": [1, "é"]}
        response = await http.get_bytes(f"{url}/x")
    assert (response.status, response.headers["content-type"][:9]) == (200, "text/html")


async def test_posting_json() -> None:
    """A request can carry JSON; its redirects are not followed."""

    async def echo(request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        return web.json_response({"got": await request.json()})

    async def away(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("/echo")

    routes = [web.post("/echo", echo), web.post("/away", away)]
    async with web_server(routes) as url, Client(allow_private=True) as http:
        response = await http.request("POST", f"{url}/echo", json={"a": None})
        assert response.json() == {"got": {"a": None}}
        with pytest.raises(HttpStatus, match="307"):
            await http.request("POST", f"{url}/away", json={}, redirects=3)


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


async def test_redirects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hops are followed up to the number asked for; the caller's headers stay with the origin."""
    monkeypatch.setattr(http_module, "MAX_PER_HOST", 1)
    seen: list[tuple[str, str | None]] = []

    async def hop(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("Authorization")))
        left = int(request.match_info["left"])
        if left == 0:
            return web.Response(text="here")
        target = f"{other}/{left - 1}" if left == 2 else f"/{left - 1}"
        return web.Response(status=302, headers={"Location": target}, body=bytes(1_000_000))

    routes = [web.get("/{left}", hop)]
    async with web_server(routes) as url, web_server(routes) as other:
        async with Client(allow_private=True) as http:
            secret = {"Authorization": "secret"}
            found = await http.get_bytes(f"{url}/3", redirects=3, headers=secret)
            assert (found.body, found.url) == (b"here", f"{other}/0")
            assert seen == [("/3", "secret"), ("/2", "secret"), ("/1", None), ("/0", None)]
            for hops in (0, 2):
                with pytest.raises(HttpStatus, match="302"):
                    await http.get_bytes(f"{url}/3", redirects=hops)


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "http://user:password@127.0.0.1/",
        "//169.254.169.254/",
        "http://127.0.0.1:x/",
        "gopher://127.0.0.1/",
        "/with a space",
    ],
)
async def test_redirects_are_vetted(target: str) -> None:
    """A redirect to what may not be asked is not followed."""

    async def away(_request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": target})

    async with web_server([web.get("/", away)]) as url, Client(allow_private=True) as http:
        with pytest.raises(HttpRefused):
            await http.get_bytes(f"{url}/", redirects=5)


async def test_redirects_take_no_extra_time() -> None:
    """The timeout is for all hops together."""

    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(0.15)
        return web.Response(status=302, headers={"Location": "/"})

    async with web_server([web.get("/", slow)]) as url, Client(allow_private=True) as http:
        async with asyncio.timeout(2):
            with pytest.raises(HttpUnavailable):
                await http.get_bytes(f"{url}/", redirects=1_000, timeout=0.4)


async def test_names_are_vetted_and_looked_up_once() -> None:
    """A rebinding name is looked up once a connection, and the vetted answer is the one used."""
    answers_of_dns = [["127.0.0.1"], ["169.254.169.254"], ["127.0.0.1", "169.254.169.254"], []]
    asked: list[str] = []

    async def lookup(host: str) -> list[str]:
        asked.append(host)
        return answers_of_dns[len(asked) - 1]

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=request.host, headers={"Connection": "close"})

    async with (
        web_server([web.get("/", answer)]) as url,
        Client(allow_private=True, lookup=lookup) as http,
    ):
        rebinding = url.replace("127.0.0.1", "rebinding.test") + "/"
        assert (await http.get_bytes(rebinding)).body.startswith(b"rebinding.test")
        for _ in range(2):
            with pytest.raises(HttpRefused, match=r"169\.254"):
                await http.get_bytes(rebinding)
        with pytest.raises(HttpNoHost):
            await http.get_bytes(rebinding)
    assert asked == ["rebinding.test"] * 4


async def test_private_hosts_are_closed_by_default() -> None:
    """Without leave, neither a local URL nor a public name with a local address is asked."""
    hits = 0

    async def answer(_request: web.Request) -> web.Response:
        nonlocal hits
        hits += 1
        return web.Response()

    async def lookup(_host: str) -> list[str]:
        return ["127.0.0.1"]

    async with web_server([web.get("/", answer)]) as url:
        async with Client(lookup=lookup) as http:
            for bad in (url, url.replace("127.0.0.1", "localhost"), "https://pds.example.com/"):
                with pytest.raises(HttpRefused):
                    await http.get_bytes(bad)
        assert hits == 0
        async with Client(trusted_origins=[url]) as http:
            await http.get_bytes(f"{url}/")
        assert hits == 1


async def test_tls() -> None:
    """A certificate counts for its name and under our authorities only."""

    async def lookup(_host: str) -> list[str]:
        return ["127.0.0.1"]

    authority = trustme.CA()
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("pds.test").configure_cert(server_side)
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)
    ok = answers(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    async with tcp_server(ok, server_side) as port:
        async with Client(allow_private=True, lookup=lookup, ssl_context=client_side) as http:
            assert (await http.get_bytes(f"https://pds.test:{port}/")).body == b"ok"
            with pytest.raises(HttpUnavailable, match="Certificate"):
                await http.get_bytes(f"https://other.test:{port}/")
        async with Client(allow_private=True, lookup=lookup) as http:
            with pytest.raises(HttpUnavailable, match="Certificate"):
                await http.get_bytes(f"https://pds.test:{port}/")


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


async def test_streaming() -> None:
    """A body can be taken in pieces; leaving early hangs up on the server."""
    left = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(bytes(10_000))
                await writer.drain()
        finally:
            left.set()

    async with tcp_server(endless) as port, Client(allow_private=True) as http:
        url = f"http://127.0.0.1:{port}/"
        taken = 0
        async with http.stream("GET", url, limit=100_000_000) as answer:
            async for piece in answer:
                taken += len(piece)
                if taken > 300_000:
                    break
        async with asyncio.timeout(2):
            await left.wait()
        async with http.stream("GET", url, limit=100_000) as answer:
            with pytest.raises(HttpTooLarge):
                _ = [piece async for piece in answer]


@pytest.mark.parametrize(
    "body",
    [b"<!doctype html>", b"", b"{", b'{"a": NaN}', b"\xff", b"[" * 100_000],
    ids=["html", "empty", "cut", "nan", "not utf-8", "deep"],
)
async def test_not_json(body: bytes) -> None:
    """A 2xx body that is no JSON is malformed."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    async with web_server([web.get("/", answer)]) as url, Client(allow_private=True) as http:
        with pytest.raises(HttpMalformed):
            await http.get_json(url)
