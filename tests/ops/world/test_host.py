"""A server on a real socket, and the faults that strike all of it."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from ops.world.host import Host
from ops.world.network import World
from ops.world.xrpc import dispatcher
from tests.ops.world.subscriber import subscribe

COLLECTION = "com.example.note"


def test_has_no_address_before_it_serves() -> None:
    """Asking for the URL too early says what to do."""
    with pytest.raises(RuntimeError, match="enter the world first"):
        _ = Host().url


async def test_serves_on_loopback_only(world: World) -> None:
    """The listener is bound to 127.0.0.1, and the URL names it."""
    port = int(world.plc_url.rsplit(":", 1)[1])
    assert world.plc_url == f"http://localhost:{port}"
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    assert writer.get_extra_info("peername")[0] == "127.0.0.1"
    writer.close()
    await writer.wait_closed()


async def test_dispatch(http: aiohttp.ClientSession) -> None:
    """Methods by NSID, open to browsers; an unknown one is MethodNotImplemented."""
    host = Host()
    host.answer({"/xrpc/{nsid}": dispatcher({"a.b.c": lambda p: {"n": p.required("n", int)}})})
    await host.start()
    try:
        async with http.get(f"{host.url}/xrpc/a.b.c?n=3") as response:
            assert await response.json() == {"n": 3}
            assert response.headers["Access-Control-Allow-Origin"] == "*"
        async with http.get(f"{host.url}/xrpc/a.b.c") as response:
            assert (response.status, (await response.json())["error"]) == (400, "InvalidRequest")
        async with http.get(f"{host.url}/xrpc/a.b.d") as response:
            assert response.status == 501
            assert (await response.json())["error"] == "MethodNotImplemented"
    finally:
        await host.stop()


async def test_stall_holds_answers_and_frames(world: World, http: aiohttp.ClientSession) -> None:
    """A stalled host says nothing; once resumed it goes on as if nothing had been."""
    alice = world.create_account("alice.test")
    relay = world.relay.host
    async with subscribe(world.relay_url, 0) as subscription:
        await subscription.frames(4)
        relay.stall()
        alice.create(COLLECTION, {})
        listing = asyncio.create_task(_text(http, f"{relay.url}/xrpc/com.atproto.sync.listHosts"))
        await asyncio.sleep(0.1)
        assert not listing.done()
        assert await subscription.silent()
        relay.resume()
        await subscription.frames(1)
        assert "hosts" in await listing


async def test_stall_strikes_in_the_middle_of_a_batch(world: World) -> None:
    """Of many frames on their way only those that have left already arrive."""
    alice = world.create_account("alice.test")
    async with subscribe(world.relay_url, 0) as subscription:
        await subscription.frames(4)
        for _ in range(40):  # far more than the sockets between us hold
            alice.create(COLLECTION, {"text": "x" * 900_000})
        arrived = len(await subscription.frames(2))
        world.relay.host.stall()
        while not await subscription.silent():
            arrived += 1
        assert arrived < 40
        world.relay.host.resume()
        await subscription.frames(40 - arrived)


async def test_cut_aborts_every_connection(world: World) -> None:
    """Subscribers are hung up on without a close frame, and may come back."""
    alice = world.create_account("alice.test")
    async with subscribe(world.relay_url, 0) as one, subscribe(world.relay_url, 0) as two:
        for subscription in (one, two):
            await subscription.frames(4)
        world.relay.host.cut()
        assert [await one.close_code(), await two.close_code()] == [1006, 1006]
    async with subscribe(world.relay_url, 4) as again:
        alice.create(COLLECTION, {})
        await again.frames(1)


async def test_stops_at_once(http: aiohttp.ClientSession) -> None:
    """Neither a subscriber nor a stalled request keeps a host from stopping."""
    host = Host()

    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    host.answer({"/": answer})
    await host.start()
    host.stall()
    waiting = asyncio.create_task(_text(http, host.url))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(2):
        await host.stop()
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def _text(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(url) as response:
        return await response.text()
