"""``com.atproto.identity.resolveHandle``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest
from aiohttp import web

from appview.network import Network
from lexicons.methods import method
from lexicons.names import RESOLVE_HANDLE
from pds_client.identity import Directory
from tests.appview.client import CATALOG, Client
from tests.appview.index import Index
from tests.atp.runtime.asgi_call import call
from tests.pds_client.hosts import OTHER, public_hosts

OUTSIDE = "elsewhere.example.com"


class Asking:
    """The query, of a host that can reach one public site."""

    def __init__(self, index: Index, network: Network) -> None:
        self.client = Client(index, network)

    async def __call__(self, handle: str) -> str:
        """The DID, or the name of the error."""
        answer = await call(
            self.client.router, f"/xrpc/{RESOLVE_HANDLE}", f"handle={handle}".encode()
        )
        body = orjson.loads(answer.body)
        if answer.status == 200:
            assert list(method(CATALOG, RESOLVE_HANDLE).check_output(body)) == []
            return str(body["did"])
        assert answer.status == 400
        return str(body["error"])


@pytest.fixture
async def asking(index: Index, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asking]:
    """One handle that its own web server tells, none that DNS knows."""
    monkeypatch.setattr("pds_client.resolve_handle._ask_dns", _nothing)

    async def tell(_request: web.Request) -> web.Response:
        return web.Response(text=OTHER)

    async with public_hosts({f"{OUTSIDE}/.well-known/atproto-did": tell}) as http:
        network = Network(http, Directory(http, "http://plc.invalid"))
        asking = Asking(index, network)
        yield asking
        asking.client.connection.close()
        await network.end()


async def _nothing(_handle: str) -> None:
    return None


async def test_the_index_knows(index: Index, asking: Asking) -> None:
    """A verified handle is answered at once, in any case of letters."""
    alice = index.actor("alice", "alice.example.com")
    index.track(alice)
    assert await asking("alice.example.com") == await asking("ALICE.example.com") == alice


async def test_others_are_looked_up(asking: Asking) -> None:
    """A handle that is not in the index is asked for where it lives."""
    assert await asking(OUTSIDE) == OTHER
    assert await asking("nobody.example.com") == "HandleNotFound"


async def test_what_is_none(asking: Asking) -> None:
    """The placeholder is nobody's, and what is no handle is no question."""
    assert await asking("handle.invalid") == "HandleNotFound"
    assert await asking("x") == await asking("did:plc:x") == "InvalidRequest"
