"""Repositories and lists from servers, honest or not."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from atp.runtime.http import Client, HttpMalformed, HttpTooLarge, HttpUnavailable
from atp.syntax import Did, Nsid, RecordKey
from lexicons.names import GET_RECORD
from pds_client import sync
from pds_client.repo import MAX_CURSOR, Page
from pds_client.xrpc import XrpcFailure
from tests.atp.runtime.foreign_server import web_server

DID = Did("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
TRACK = Nsid("fm.plyr.track")

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def repo(reply: Reply) -> bytes:
    """What is fetched from such a server."""
    into = io.BytesIO()
    async with (
        web_server([web.get(f"/xrpc/{sync.GET_REPO}", reply)]) as url,
        Client(allow_private=True) as http,
    ):
        await sync.get_repo(http, url, DID, into)
    return into.getvalue()


async def test_a_repo_is_written_as_it_comes() -> None:
    """The body, whole and unread."""

    async def reply(request: web.Request) -> web.Response:
        assert request.query == {"did": DID}
        return web.Response(body=b"car" * 100_000)

    assert await repo(reply) == b"car" * 100_000


async def test_a_host_says_why_not() -> None:
    """The names of spec 1.13 come through whatever the status."""

    async def reply(_request: web.Request) -> web.Response:
        return web.json_response({"error": "RepoTakendown", "message": "no"}, status=403)

    with pytest.raises(XrpcFailure) as failed:
        await repo(reply)
    assert failed.value.error == "RepoTakendown"


async def test_a_repo_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the limit is read, compressed or not."""
    monkeypatch.setattr(sync, "MAX_REPO", 1_000_000)

    async def reply(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        answer.enable_compression()
        await answer.prepare(request)
        while True:
            await answer.write(bytes(100_000))

    with pytest.raises(HttpTooLarge):
        await repo(reply)


async def test_a_trickle_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that never stands still and never gets on costs bounded time."""
    monkeypatch.setattr(sync, "GRACE", 0.2)

    async def reply(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x")
            await asyncio.sleep(0.02)

    async with asyncio.timeout(5):
        with pytest.raises(HttpUnavailable, match="too slow"):
            await repo(reply)


async def listed(answer: Any, cursor: str | None = None) -> Page[Did]:
    """A page from a server with this answer."""

    async def reply(request: web.Request) -> web.Response:
        assert request.query["collection"] == TRACK
        assert request.query.get("cursor") == cursor
        return web.json_response(answer)

    async with (
        web_server([web.get(f"/xrpc/{sync.LIST_BY_COLLECTION}", reply)]) as url,
        Client(allow_private=True) as http,
    ):
        return await sync.repos_by_collection(http, url, TRACK, cursor)


async def test_a_page_of_repos() -> None:
    """DIDs and the next cursor; the last page has none."""
    answer = {"repos": [{"did": DID}], "cursor": "b"}
    assert await listed(answer, "a") == Page((DID,), "b")
    assert await listed({"repos": []}) == Page((), None)


@pytest.mark.parametrize(
    "answer",
    [
        {"repos": [], "cursor": "a"},
        {"repos": [], "cursor": 5},
        {"repos": [], "cursor": "x" * (MAX_CURSOR + 1)},
        {"repos": [{"did": "not one"}]},
        {"repos": 5},
        {},
    ],
)
async def test_a_page_that_is_none_is_refused(answer: Any) -> None:
    """Circles, endless cursors and other shapes."""
    with pytest.raises(HttpMalformed):
        await listed(answer, "a")


async def proof(reply: Reply) -> bytes:
    """The proof of a record from such a server."""
    async with (
        web_server([web.get(f"/xrpc/{GET_RECORD}", reply)]) as url,
        Client(allow_private=True) as http,
    ):
        return await sync.get_record(http, url, DID, TRACK, RecordKey("a"))


async def test_a_proof_is_asked_for_by_name() -> None:
    """DID, collection and key; the body as it comes, and why not where the host says so."""

    async def reply(request: web.Request) -> web.Response:
        assert request.query == {"did": DID, "collection": TRACK, "rkey": "a"}
        return web.Response(body=b"car")

    async def refuse(_request: web.Request) -> web.Response:
        return web.json_response({"error": "RecordNotFound", "message": "no"}, status=404)

    assert await proof(reply) == b"car"
    with pytest.raises(XrpcFailure) as failed:
        await proof(refuse)
    assert failed.value.error == "RecordNotFound"


async def test_a_proof_is_small_and_comes_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood and a silence are cut off."""
    monkeypatch.setattr(sync, "PROOF_TIMEOUT", 0.1)

    async def flood(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(sync.MAX_PROOF + 1))

    async def silence(_request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    with pytest.raises(HttpUnavailable):
        await proof(silence)
    monkeypatch.setattr(sync, "PROOF_TIMEOUT", 30.0)
    with pytest.raises(HttpTooLarge):
        await proof(flood)
