"""From handles to DIDs: DNS and web servers of our own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from aiohttp import web

from atp.runtime.http import Client
from atp.syntax import Did, Handle
from pds_client import resolve_handle
from pds_client.resolve_handle import (
    MAX_ANSWER,
    HandleAbsent,
    HandleError,
    HandleResolver,
    HandleUnavailable,
)
from tests.atp.runtime.foreign_server import web_server
from tests.atp.runtime.name_server import BROKEN, name_server
from tests.pds_client.hosts import DID, OTHER, Answer, public_hosts

WELL_KNOWN = "/.well-known/atproto-did"
ALICE = Handle("alice.example.com")
ABSENT, UNAVAILABLE = HandleAbsent, HandleUnavailable
GONE = Answer("", 404)
DOWN = Answer("", 503)


async def resolved(
    monkeypatch: pytest.MonkeyPatch,
    records: Sequence[str] | None,
    answer: Answer | None,
) -> Did | type[HandleError]:
    """What becomes of a handle with these TXT records and this well-known answer."""
    zone = {} if records is None else {(f"_atproto.{ALICE}.", "TXT"): records}
    hosts = {ALICE + WELL_KNOWN: answer.reply} if answer else {}
    async with name_server(monkeypatch, zone), public_hosts(hosts) as http:
        try:
            return await HandleResolver(http).resolve(ALICE)
        except HandleError as exc:
            return type(exc)


@pytest.mark.parametrize(
    ("records", "answer", "expected"),
    [
        # DNS alone
        ([f'"did={DID}"'], None, DID),
        ([f'"did={DID[:9]}" "{DID[9:]}"'], None, DID),
        ([f'"did={DID}"', '"did=nonsense"', '"v=spf1 -all"', '"xdid=did:plc:x"'], None, DID),
        ([f'"did={DID}"', f'"did={OTHER}"'], None, UNAVAILABLE),
        (['"did=did:plc"', '"hello"', f'" did={DID}"', f'"did= {DID}"'], None, ABSENT),
        (['"did=\\255\\254"'], None, ABSENT),
        ([], None, ABSENT),
        (None, None, ABSENT),
        (BROKEN, None, UNAVAILABLE),
        # the web alone
        (None, Answer(DID), DID),
        (None, Answer(f"  {DID}\r\n", 200, {"Content-Type": "text/html"}), DID),
        (None, Answer(f"{DID}\n{OTHER}"), ABSENT),
        (None, Answer("<!doctype html>"), ABSENT),
        (None, Answer(DID + " " * MAX_ANSWER), ABSENT),
        (None, Answer(b"\xff\xfe"), ABSENT),
        (None, GONE, ABSENT),
        (None, Answer("", 403), ABSENT),
        (None, Answer("", 302, {"Location": "http://169.254.169.254/"}), ABSENT),
        (None, DOWN, UNAVAILABLE),
        # both
        ([f'"did={DID}"'], Answer(OTHER), DID),
        ([f'"did={DID}"'], DOWN, DID),
        (BROKEN, Answer(DID), DID),
        (BROKEN, GONE, UNAVAILABLE),
        ([f'"did={DID}"', f'"did={OTHER}"'], GONE, UNAVAILABLE),
        (['"v=spf1 -all"'], Answer(DID), DID),
    ],
)
async def test_public_handles(
    monkeypatch: pytest.MonkeyPatch,
    records: Sequence[str] | None,
    answer: Answer | None,
    expected: Did | type[HandleError],
) -> None:
    """DNS wins over the web; who does not know is told from who cannot be asked."""
    monkeypatch.setattr(resolve_handle, "DNS_TIMEOUT", 1.0)
    assert await resolved(monkeypatch, records, answer) == expected


async def test_dns_does_not_wait_for_the_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handle that DNS knows is resolved at once, however slow its web server."""

    async def stuck(_request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        raise web.HTTPOk(text=OTHER)

    zone = {(f"_atproto.{ALICE}.", "TXT"): [f'"did={DID}"']}
    sites = {ALICE + WELL_KNOWN: stuck}
    async with name_server(monkeypatch, zone), public_hosts(sites) as http:
        async with asyncio.timeout(2):
            assert await HandleResolver(http).resolve(ALICE) == DID
        await asyncio.sleep(0.05)
        assert not [task for task in asyncio.all_tasks() if "_ask_web" in repr(task)]


async def test_redirects_of_the_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """The well-known document may live elsewhere, a few hops away."""
    sites = {
        ALICE + WELL_KNOWN: Answer("", 301, {"Location": "https://www.example.com/did"}).reply,
        "www.example.com/did": Answer(DID).reply,
    }
    async with name_server(monkeypatch, {}), public_hosts(sites) as http:
        assert await HandleResolver(http).resolve(ALICE) == DID


@pytest.mark.parametrize(
    "handle",
    [
        *("a.alt", "a.arpa", "a.example", "a.internal", "handle.invalid", "a.local"),
        *("a.localhost", "a.onion", "a.test"),
    ],
)
async def test_reserved_names(handle: str) -> None:
    """Nobody is asked for names that no public account can have."""
    async with Client() as http:
        with pytest.raises(HandleAbsent, match="public"):
            await HandleResolver(http, ["https://unused.example.com"]).resolve(Handle(handle))


@pytest.mark.parametrize(
    ("answers", "expected", "asked"),
    [
        ([DID, OTHER], DID, 1),
        ([400, DID], DID, 2),
        ([503, DID], DID, 2),
        (["nonsense", DID], DID, 2),
        ([400, 400], HandleAbsent, 2),
        ([503, 400], HandleUnavailable, 2),
        ([400, 503], HandleUnavailable, 2),
    ],
)
async def test_named_servers(
    monkeypatch: pytest.MonkeyPatch,
    answers: list[str | int],
    expected: Did | type[HandleError],
    asked: int,
) -> None:
    """On a local network the named servers are asked in turn, and DNS is not."""
    seen = []

    async def resolve(request: web.Request) -> web.Response:
        seen.append(request.query["handle"])
        answer = answers[int(request.match_info["n"])]
        if isinstance(answer, int):
            return web.json_response({"error": "HandleNotFound"}, status=answer)
        return web.json_response({"did": answer})

    route = web.get("/{n}/xrpc/com.atproto.identity.resolveHandle", resolve)
    zone = {("_atproto.alice.test.", "TXT"): ['"did=did:plc:cccccccccccccccccccccccc"']}
    async with (
        name_server(monkeypatch, zone),
        web_server([route]) as url,
        Client(allow_private=True) as http,
    ):
        servers = [f"{url}/{n}" for n in range(len(answers))]
        resolver = HandleResolver(http, servers)
        if isinstance(expected, Did):
            assert await resolver.resolve(Handle("alice.test")) == expected
        else:
            with pytest.raises(expected):
                await resolver.resolve(Handle("alice.test"))
    assert seen == ["alice.test"] * asked


async def test_dns_wins_over_named_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handle that DNS knows is the account that DNS says."""

    async def resolve(_request: web.Request) -> web.Response:
        return web.json_response({"did": OTHER})

    zone = {(f"_atproto.{ALICE}.", "TXT"): [f'"did={DID}"']}
    route = web.get("/xrpc/com.atproto.identity.resolveHandle", resolve)
    async with (
        name_server(monkeypatch, zone),
        web_server([route]) as url,
        Client(allow_private=True) as http,
    ):
        resolver = HandleResolver(http, [url])
        assert await resolver.resolve(ALICE) == DID
        assert await resolver.resolve(Handle("bob.example.com")) == OTHER


async def test_long_handles_skip_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handle too long for ``_atproto.`` before it is asked of the web alone."""
    handle = Handle.parse(".".join(["a" * 61] * 3 + ["b" * 55, "example.com"]))
    assert 244 < len(handle) <= 253
    sites = {handle + WELL_KNOWN: Answer(DID).reply}
    async with name_server(monkeypatch, {}), public_hosts(sites) as http:
        assert await HandleResolver(http).resolve(handle) == DID
        with pytest.raises(HandleAbsent):
            await HandleResolver(http).resolve(Handle("b" + handle[1:]))
