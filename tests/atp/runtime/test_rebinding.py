"""A name server that changes its answer between look-ups, against real sockets.

127.0.0.2 plays a public server here and 127.0.0.1 a private one, on the same port, so a request
that goes astray arrives and is counted. Two rules are lifted to make that possible, that the port is
443 and that 127.0.0.2 is not public; names, look-ups, addresses and redirects are as ever.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, repeat

import pytest

from atp.runtime import guard as guard_module
from atp.runtime.address import NotAllowed, Origin, check_address
from atp.runtime.guard import Guard
from atp.runtime.http import Client, HttpError, HttpNoHost, HttpRefused, HttpUnavailable
from atp.runtime.websocket import Subscription
from tests.atp.runtime.foreign_server import frame, read_head, upgrade
from tests.atp.runtime.name_server import name_server

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux listens on all of 127.0.0.0/8"
)

PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.1"
NAME = "pds.example.com"
OTHER = "other.example.com"


class AnyPort(Guard):
    """The guard of a public network, less the rule that there is only https on port 443."""

    def vet(self, url: str) -> Origin:
        try:
            origin = Origin.of(url)
        except NotAllowed:
            return super().vet(url)
        super().vet(f"https://{origin.host}/")
        return origin


@dataclass
class Servers:
    """A public and a private server; ``zone`` is what DNS answers, the last answer for ever."""

    port: int = 0
    zone: dict[tuple[str, str], Iterator[Sequence[str]]] = field(default_factory=dict)
    reached: list[str] = field(default_factory=list)
    location: str = ""

    def answer(self, *answers: Sequence[str], name: str = NAME, kind: str = "A") -> None:
        """What DNS says of a name, look-up by look-up."""
        self.zone[f"{name}.", kind] = chain(answers, repeat(answers[-1]))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count who is reached; answer a request, a redirect, or a websocket's handshake."""
        self.reached.append(writer.get_extra_info("sockname")[0])
        first = await reader.readuntil(b"\r\n")
        rest = asyncio.StreamReader()
        rest.feed_data(first + await reader.readuntil(b"\r\n\r\n"))
        if b"/ws" in first:
            await upgrade(rest, writer)
            writer.write(frame(b"hello") + frame((1000).to_bytes(2, "big"), 8))
        else:
            await read_head(rest)
            head = (
                f"HTTP/1.1 302 X\r\nLocation: {self.location}"
                if b"/away" in first
                else "HTTP/1.1 200 X"
            )
            writer.write(head.encode() + b"\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()


@pytest.fixture
async def servers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Servers]:
    """Both servers up, and DNS."""

    def public(address: str, *, allow_private: bool) -> None:
        if address != PUBLIC:
            check_address(address, allow_private=allow_private)

    monkeypatch.setattr(guard_module, "check_address", public)
    found = Servers()
    async with name_server(monkeypatch, found.zone):
        one = await asyncio.start_server(found.serve, PUBLIC, 0)
        found.port = one.sockets[0].getsockname()[1]
        two = await asyncio.start_server(found.serve, PRIVATE, found.port)
        yield found
        one.close()
        two.close()


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    """A client under these rules."""
    made = Client()
    made.guard = AnyPort()
    async with made as http:
        yield http


async def by_http(servers: Servers, path: str = "/", hops: int = 0) -> bytes:
    """Ask with a client that has no connection yet."""
    async with client() as http:
        url = f"http://{NAME}:{servers.port}{path}"
        return (await http.get_bytes(url, redirects=hops)).body


async def by_websocket(servers: Servers) -> bytes:
    """Subscribe."""
    frames: list[bytes] = []
    url = f"ws://{NAME}:{servers.port}/ws"
    await Subscription(url, frames.append, guard=AnyPort()).run()
    return b"".join(frames)


Ask = Callable[[Servers], Awaitable[bytes]]
ASK = pytest.mark.parametrize("ask", [by_http, by_websocket], ids=["http", "websocket"])
"""Each law holds for both ways of asking."""


@ASK
async def test_a_name_that_turns_private(servers: Servers, ask: Ask) -> None:
    """The vetted address is the one connected to; the next look-up is vetted anew."""
    servers.answer([PUBLIC], [PRIVATE])
    assert await ask(servers) in (b"ok", b"hello")
    for _ in range(2):
        with pytest.raises(HttpRefused, match="private"):
            await ask(servers)
    assert servers.reached == [PUBLIC]


@ASK
async def test_a_name_that_flips_all_the_time(servers: Servers, ask: Ask) -> None:
    """Whatever the order of the answers, nobody private is reached."""
    servers.answer(*([[PRIVATE], [PUBLIC]] * 4))
    for n in range(8):
        if n % 2:
            await ask(servers)
        else:
            with pytest.raises(HttpRefused):
                await ask(servers)
    assert servers.reached == [PUBLIC] * 4


@ASK
async def test_one_private_address_among_many(servers: Servers, ask: Ask) -> None:
    """No honest name has one, wherever it stands: also behind those that would be tried."""
    many = [f"93.184.216.{n}" for n in range(1, 60)]
    servers.answer([PUBLIC, PRIVATE], [PRIVATE, PUBLIC], [PUBLIC, *many, PRIVATE])
    for _ in range(3):
        with pytest.raises(HttpRefused, match="private"):
            await ask(servers)
    assert servers.reached == []


@ASK
@pytest.mark.parametrize(
    "address",
    [
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::1",
        "2001:0:7f00:1::1",
        "fd00::1",
        "fe80::1",
        "ff02::1",
    ],
)
async def test_private_addresses_in_disguise(servers: Servers, address: str, ask: Ask) -> None:
    """Mapped, NAT64, 6to4, Teredo, unique-local, link-local: beside a public A record."""
    servers.answer([PUBLIC])
    servers.answer([address], kind="AAAA")
    with pytest.raises(HttpRefused):
        await ask(servers)
    assert servers.reached == []


@ASK
@pytest.mark.parametrize("address", ["0.0.0.0", "169.254.169.254", "10.0.0.1", "100.64.0.1"])
async def test_private_addresses_as_they_are(servers: Servers, address: str, ask: Ask) -> None:
    """Every kind that is not public."""
    servers.answer([address])
    with pytest.raises(HttpRefused):
        await ask(servers)
    assert servers.reached == []


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://localhost:{port}/",
        "http://pds.internal:{port}/",
        "http://other.example.com:{port}/",
        "//other.example.com:{port}/",
        "ftp://other.example.com/",
    ],
)
async def test_redirects_to_private_servers(servers: Servers, target: str) -> None:
    """By address, by name, or by a name that leads there: the first hop is the last."""
    servers.answer([PUBLIC])
    servers.answer([PRIVATE], name=OTHER)
    servers.location = target.format(port=servers.port)
    with pytest.raises(HttpRefused):
        await by_http(servers, "/away", hops=3)
    assert servers.reached == [PUBLIC]


async def test_a_redirect_to_itself_is_looked_up_again(servers: Servers) -> None:
    """The name was public for the first hop, and is not for the second."""
    servers.answer([PUBLIC], [PRIVATE])
    servers.location = "/"
    with pytest.raises(HttpRefused):
        await by_http(servers, "/away", hops=3)
    assert servers.reached == [PUBLIC]


@ASK
async def test_a_name_that_disappears(servers: Servers, ask: Ask) -> None:
    """No address is no address, not the one from before."""
    servers.answer([PUBLIC], [])
    await ask(servers)
    with pytest.raises(HttpError) as raised:
        await ask(servers)
    assert isinstance(raised.value, HttpNoHost | HttpUnavailable)
    assert servers.reached == [PUBLIC]
