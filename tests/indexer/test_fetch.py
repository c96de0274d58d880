"""Fetching from the PDS of the day, and who waits for whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from atp.did_doc import build
from atp.runtime.http import Client
from atp.syntax import Handle
from indexer import fetch
from indexer.failure import Failure, ResyncFailed
from indexer.fetch import Fetcher, HostBusy
from indexer.hosts import Hosts
from lexicons.names import Names
from pds_client.identity import Directory
from tests.atp.runtime.foreign_server import web_server
from tests.indexer.authors import Author
from tests.pds_client.hosts import Plc, plc_directory

NAMES = Names()


class Network:
    """Two PDSes, a PLC directory, and a fetcher that asks them."""

    def __init__(self, plc: Plc, fetcher: Fetcher, urls: list[str]) -> None:
        self.plc = plc
        self.fetcher = fetcher
        self.urls = urls
        self.now = 0.0
        self.directory = fetcher._directory

    def lives(self, author: Author, url: str) -> None:
        """From now on the author's PDS is this one."""
        pds = {"#atproto_pds": ("AtprotoPersonalDataServer", url)}
        key = {"#atproto": author.key.public_key}
        self.plc.answers[author.did] = build(author.did, Handle.parse("a.test"), key, pds)

    async def fetch(self, author: Author) -> int:
        """How many records of ours are found."""
        async with self.fetcher.snapshot(author.did, [*NAMES.collections]) as found:
            return len(found.records)


class Pds:
    """A PDS that answers as it is told; without a repo it knows nobody."""

    def __init__(self) -> None:
        self.repos: dict[str, bytes] = {}
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Of getRepo and describeRepo."""
        self.asked += 1
        did = request.query.get("did") or request.query["repo"]
        if self.status != 200:
            return web.Response(status=self.status, headers=self.headers)
        if did not in self.repos:
            return web.json_response({"error": "RepoNotFound", "message": "no"}, status=400)
        if "did" in request.query:
            return web.Response(body=self.repos[did], headers=self.headers)
        described: dict[str, Any] = {
            "did": did,
            "handle": "a.test",
            "handleIsCorrect": True,
            "didDoc": {},
            "collections": [NAMES.like],
        }
        return web.json_response(described, headers=self.headers)


@asynccontextmanager
async def network(folder: Path, *pdses: Pds) -> AsyncIterator[Network]:
    """These PDSes, up."""
    routes = [[web.get("/xrpc/{nsid}", pds.answer)] for pds in pdses]
    async with (
        plc_directory() as plc,
        web_server(routes[0]) as one,
        web_server(routes[-1]) as other,
        Client(allow_private=True) as http,
    ):
        hosts = Hosts(lambda: made.now)
        http.heard = hosts.rests
        now = Author(0).now + 10**9
        fetcher = Fetcher(http, Directory(http, plc.url), hosts, folder, lambda: now)
        made = Network(plc, fetcher, [one, other])
        yield made


@pytest.mark.parametrize("gone", ["refuses", "is down"])
async def test_who_has_moved_is_asked_for_at_the_new_home(tmp_path: Path, gone: str) -> None:
    """What the old PDS says, or does not say, has the identity looked up again: both questions."""
    old, new, author = Pds(), Pds(), Author(0)
    author.message(author.track())
    new.repos[author.did] = author.repo.to_car()
    old.status = 200 if gone == "refuses" else 503
    async with network(tmp_path, old, new) as net:
        for question in ("describe", "fetch"):
            net.now += 10_000
            net.lives(author, net.urls[0])
            net.directory.invalidate(author.did)
            await net.directory.doc(author.did)
            net.lives(author, net.urls[1])
            if question == "describe":
                assert await net.fetcher.has_any(author.did, (NAMES.like,))
            else:
                assert await net.fetch(author) == 1
        assert not await net.fetcher.has_any(author.did, (NAMES.track,))
        assert old.asked == 2


async def test_who_is_not_described_may_have_records(tmp_path: Path) -> None:
    """Of an account that is gone a PDS says no more than that; its repo, asked for, tells the rest."""
    pds, author = Pds(), Author(0)
    pds.status = 400
    async with network(tmp_path, pds) as net:
        net.lives(author, net.urls[0])
        assert await net.fetcher.has_any(author.did, (NAMES.like,))


async def test_a_host_that_is_left_alone_costs_no_look_up(tmp_path: Path) -> None:
    """While a PDS rests, its accounts fail at once, and the directory is not asked for each."""
    old, author = Pds(), Author(0)
    old.status = 503
    async with network(tmp_path, old) as net:
        net.lives(author, net.urls[0])
        for _ in range(3):
            with pytest.raises(ResyncFailed) as failed:
                await net.fetch(author)
            assert failed.value.failure is Failure.HOST_UNAVAILABLE
        assert (old.asked, len(net.plc.asked)) == (1, 2)


@pytest.mark.parametrize("question", ["has_any", "fetch"])
async def test_a_host_that_has_had_enough_rests(tmp_path: Path, question: str) -> None:
    """After an answer that spends the limit, and after 429, others wait and do not fail."""
    pds, author = Pds(), Author(0)
    author.message(author.track())
    pds.repos[author.did] = author.repo.to_car()
    async with network(tmp_path, pds) as net:
        net.lives(author, net.urls[0])

        async def ask() -> object:
            if question == "fetch":
                return await net.fetch(author)
            return await net.fetcher.has_any(author.did, (NAMES.like,))

        pds.headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": "40"}
        assert await ask()
        with pytest.raises(HostBusy) as busy:
            await ask()
        assert busy.value.seconds == 40
        net.now += 41
        pds.status = 429
        with pytest.raises(ResyncFailed, match="429"):
            await ask()
        with pytest.raises(HostBusy):
            await ask()
        assert (net.fetcher.hosts.rest(net.urls[0]), pds.asked) == (40, 2)
        net.now += 41
        pds.headers = {}
        with pytest.raises(ResyncFailed, match="429"):
            await ask()
        assert net.fetcher.hosts.rest(net.urls[0]) == 30


async def test_a_large_repo_holds_up_no_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is being read and written, those of its size wait and the others do not."""
    pds = Pds()
    large, small, twin = authors = [Author(n) for n in range(3)]
    for author, count in zip(authors, (40, 1, 41), strict=True):
        for n in range(count):
            author.message(
                author.track(f"3kaaaaaaaaa{'234567abcd'[n // 10]}{'234567abcd'[n % 10]}")
            )
        pds.repos[author.did] = author.repo.to_car()
    monkeypatch.setattr(fetch, "LARGE", 10_000)
    async with network(tmp_path, pds) as net:
        for author in authors:
            net.lives(author, net.urls[0])
        async with net.fetcher.snapshot(large.did, [*NAMES.collections]) as found:
            assert len(found.records) == 40
            async with asyncio.timeout(10):
                assert await net.fetch(small) == 1
            waiting = asyncio.create_task(net.fetch(twin))
            await asyncio.sleep(0.2)
            assert not waiting.done()
        async with asyncio.timeout(10):
            assert await waiting == 41
