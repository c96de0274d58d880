"""The HTTP client: whom it asks, what it sends and what it makes of honest answers."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme
from aiohttp import web

from atp.runtime import http as http_module
from atp.runtime.http import (
    Client,
    HttpMalformed,
    HttpNoHost,
    HttpRefused,
    HttpStatus,
    HttpTooLarge,
    HttpUnavailable,
)
from tests.atp.runtime.foreign_server import answers, read_head, tcp_server, web_server


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


async def test_who_asks_for_rest_is_told() -> None:
    """A spent rate limit on any answer, also on the way of a redirect, is passed on with its origin."""
    told: list[tuple[str, float]] = []
    spent = {"RateLimit-Remaining": "0", "RateLimit-Reset": "30"}

    async def answer(request: web.Request) -> web.Response:
        status = int(request.match_info["status"])
        return web.Response(status=status, headers={"Location": f"{other}/404", **spent})

    async def quiet(_request: web.Request) -> web.Response:
        return web.Response(headers={"RateLimit-Remaining": "1", "RateLimit-Reset": "30"})

    routes = [web.get("/quiet", quiet), web.get("/{status}", answer)]
    async with web_server(routes) as url, web_server(routes) as other:
        async with Client(allow_private=True) as http:
            await http.get_bytes(f"{url}/200")
            http.heard = lambda origin, seconds: told.append((origin, seconds))
            await http.get_bytes(f"{url}/quiet")
            assert told == []
            await http.get_bytes(f"{url}/200?x=http://a.example.com/")
            with pytest.raises(HttpUnavailable):
                await http.get_bytes(f"{url}/429")
            with pytest.raises(HttpStatus):
                await http.get_bytes(f"{url}/302", redirects=1)
    assert told == [(url, 30), (url, 30), (url, 30), (other, 30)]


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
