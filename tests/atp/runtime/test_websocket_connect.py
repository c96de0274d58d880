"""Getting a websocket up, and leaving it: addresses, TLS, upgrades, cancelling."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme
import uvloop

from atp.runtime import websocket
from atp.runtime.guard import Guard
from atp.runtime.http_errors import HttpRefused, HttpStatus, HttpUnavailable
from atp.runtime.websocket import Ended, Ending, Subscription
from tests.atp.runtime.foreign_server import frame, read_head, sends, tcp_server, upgrade

LOCAL = Guard(allow_private=True)
BYE = frame((1000).to_bytes(2, "big") + b"bye", 8)
GOODBYE = Ended(Ending.CLOSED, 1000, "bye")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", HttpStatus),
        (b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1/\r\n\r\n", HttpStatus),
        (b"HTTP/1.1 200 OK\r\n\r\n", HttpStatus),
        (b"HTTP/1.1 503 No\r\nRetry-After: 7\r\n\r\n", HttpUnavailable),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", HttpUnavailable),
        (b"SSH-2.0-OpenSSH\r\n\r\n", HttpUnavailable),
        (b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 100_000, HttpUnavailable),
        (b"", HttpUnavailable),
    ],
    ids=[
        "404",
        "redirect",
        "200",
        "503",
        "101 without upgrade",
        "not http",
        "long head",
        "nothing",
    ],
)
async def test_no_upgrade(answer: bytes, error: type[Exception]) -> None:
    """An answer that is no upgrade is the error that the same status means over HTTP."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(answer)
        await writer.drain()

    async with tcp_server(handler) as port:
        with pytest.raises(error) as raised:
            await Subscription(f"ws://127.0.0.1:{port}/", print, guard=LOCAL).run()
    if isinstance(raised.value, HttpUnavailable) and raised.value.status:
        assert (raised.value.status, raised.value.retry_after) == (503, 7)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_server_that_never_answers(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handshake that hangs, of TLS or of the websocket, ends in time and leaves no socket."""
    monkeypatch.setattr(websocket, "CONNECT_TIMEOUT", 0.2)
    left = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_000):
            pass
        left.set()

    async with tcp_server(handler) as port:
        with pytest.raises(HttpUnavailable, match="in time"):
            await Subscription(f"{scheme}://127.0.0.1:{port}/", print, guard=LOCAL).run()
        async with asyncio.timeout(1):
            await left.wait()


@pytest.mark.parametrize("settled", [False, True])
async def test_cancelling_leaves_at_once(*, settled: bool) -> None:
    """Cancelling run leaves the server, with a CLOSE once run is up; nothing is delivered after."""
    goodbye = asyncio.get_running_loop().create_future()
    frames: list[bytes] = []
    first = asyncio.Event()

    def on_frame(payload: bytes) -> None:
        frames.append(payload)
        first.set()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(frame(b"x"))
        await first.wait()
        await asyncio.sleep(0.05 if settled else 0)
        run.cancel()
        writer.write(frame(b"y") * 1_000)
        goodbye.set_result(await reader.read())

    async with tcp_server(handler) as port:
        url = f"ws://127.0.0.1:{port}/"
        run = asyncio.create_task(Subscription(url, on_frame, guard=LOCAL).run())
        with pytest.raises(asyncio.CancelledError):
            await run
        known = len(frames)
        assert (await goodbye)[0] & 0x0F == 8
        await asyncio.sleep(0.05)
        assert len(frames) == known


async def test_cancelling_during_the_upgrade() -> None:
    """Frames that arrive with the upgrade after run was cancelled are not delivered."""
    frames: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(frame(b"x"))
        run.cancel()
        await reader.read()

    async with tcp_server(handler) as port:
        url = f"ws://127.0.0.1:{port}/"
        run = asyncio.create_task(Subscription(url, frames.append, guard=LOCAL).run())
        with pytest.raises(asyncio.CancelledError):
            await run
        await asyncio.sleep(0.05)
    assert frames == []


async def test_addresses_are_vetted() -> None:
    """A URL or an address behind a name that is not allowed is never connected to."""
    asked: list[str] = []

    async def lookup(host: str) -> list[str]:
        asked.append(host)
        return ["93.184.216.34", "127.0.0.1"]

    guard = Guard(lookup=lookup)
    for url in ("ws://relay.example.com/", "wss://localhost/", "wss://127.0.0.1/"):
        with pytest.raises(HttpRefused):
            await Subscription(url, print, guard=guard).run()
    assert asked == []
    with pytest.raises(HttpRefused, match=r"127\.0\.0\.1"):
        await Subscription("wss://relay.example.com/", print, guard=guard).run()
    assert asked == ["relay.example.com"]


async def test_tls_is_verified_for_the_name() -> None:
    """Over TLS the certificate must be of the URL's host; the connection goes where we looked up."""

    async def lookup(_host: str) -> list[str]:
        return ["127.0.0.1"]

    authority = trustme.CA()
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("relay.test").configure_cert(server_side)
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)
    guard = Guard(allow_private=True, lookup=lookup)
    frames: list[bytes] = []
    messages = [bytes([n]) * 70_000 for n in range(40)]
    async with tcp_server(sends([*map(frame, messages), BYE]), server_side) as port:

        def subscribe(host: str, context: ssl.SSLContext | None) -> Subscription:
            url = f"wss://{host}:{port}/"
            return Subscription(url, frames.append, guard=guard, ssl_context=context)

        assert await subscribe("relay.test", client_side).run() == GOODBYE
        for wrong in (subscribe("other.test", client_side), subscribe("relay.test", None)):
            with pytest.raises(HttpUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                await wrong.run()
    assert frames == messages


def test_tls_on_uvloop() -> None:
    """The same holds on the event loop that the services run on."""
    uvloop.run(test_tls_is_verified_for_the_name())
