"""Reading follows from PDSes that work, have moved on, lie, or do not answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from atp.did_doc import build
from atp.runtime.http import Client
from atp.syntax import Did, Handle
from atp.tid import Tid
from indexer import read_follows
from indexer.fetch import HostBusy
from indexer.hosts import REST, Hosts
from indexer.read_follows import NothingToRead, NotRead, Part, Reader
from lexicons.names import FOREIGN_FOLLOW
from ops.world.account import Account
from ops.world.host import Host
from ops.world.network import World
from pds_client.identity import Directory
from tests.clock import now
from tests.indexer.authors import WHEN, Author

NOBODY = Did.parse("did:plc:" + "z" * 24)


def other(number: int) -> Did:
    """An account that somebody follows."""
    return Did.parse(f"did:web:artist{number}.test")


def follow(account: Account, did: Did) -> None:
    """Begin to follow."""
    account.create(FOREIGN_FOLLOW, {"subject": did, "createdAt": WHEN})


async def read(reader: Reader, did: Did) -> list[Part]:
    """All parts."""
    return [part async for part in reader.read(did, now())]


def named(parts: list[Part]) -> list[Did | None]:
    """Whom they say is followed, in order."""
    return [one.subject for part in parts for one in part.follows]


@asynccontextmanager
async def reading(plc_url: str) -> AsyncIterator[tuple[Reader, Hosts]]:
    """A reader, and the hosts that it shares."""
    async with Client(allow_private=True) as http:
        hosts = Hosts(time.monotonic)
        yield Reader(http, Directory(http, plc_url), hosts), hosts


async def test_all_follows_newest_first() -> None:
    """In pages, with the rev at which the repo stood before them."""
    async with World(1, now) as world, reading(world.plc_url) as (reader, _):
        mira = world.create_account("mira.test")
        for number in range(230):
            follow(mira, other(number))
        mira.create(FOREIGN_FOLLOW, {"subject": "nobody.test", "createdAt": WHEN})
        parts = await read(reader, mira.did)
        assert named(parts) == [other(number) for number in reversed(range(230))]
        assert [len(part.follows) for part in parts] == [99, 100, 31]
        assert {part.rev for part in parts} == {mira.repo.head.rev}


async def test_nobody_followed() -> None:
    """It is said, too, so that a reading has a rev."""
    async with World(1, now) as world, reading(world.plc_url) as (reader, _):
        mira = world.create_account("mira.test")
        assert await read(reader, mira.did) == [Part(mira.repo.head.rev, ())]


async def test_very_many_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading ends where the bound is reached."""
    monkeypatch.setattr(read_follows, "MAX_FOLLOWS", 150)
    async with World(1, now) as world, reading(world.plc_url) as (reader, _):
        mira = world.create_account("mira.test")
        for number in range(230):
            follow(mira, other(number))
        assert len(named(await read(reader, mira.did))) == 200


async def test_who_has_moved_is_read_at_the_new_home() -> None:
    """Though the old one is remembered."""
    async with World(1, now, pdses=2) as world, reading(world.plc_url) as (reader, _):
        mira = world.create_account("mira.test")
        follow(mira, other(1))
        await read(reader, mira.did)
        world.migrate(mira, 1)
        follow(mira, other(2))
        assert named(await read(reader, mira.did)) == [other(2), other(1)]


async def test_who_does_not_exist() -> None:
    """Where the directory or the PDS says so."""
    async with World(1, now) as world, reading(world.plc_url) as (reader, _):
        with pytest.raises(NothingToRead):
            await read(reader, NOBODY)


@dataclass
class Lying:
    """A directory that knows one account, and its PDS, whose two answers a test sets."""

    author: Author = field(default_factory=lambda: Author(0))
    host: Host = field(default_factory=Host)
    head: Any = None
    records: Any = None

    async def document(self, _: web.Request) -> web.Response:
        """Where the account lives."""
        services = {"#atproto_pds": ("AtprotoPersonalDataServer", self.host.url)}
        keys = {"#atproto": self.author.key.public_key}
        return web.json_response(build(self.author.did, Handle.parse("a.test"), keys, services))

    async def latest(self, _: web.Request) -> web.Response:
        """Where its repo stands."""
        cid = str(self.author.repo.head.cid)
        rev = Tid.from_micros(now(), 0)
        return _said({"cid": cid, "rev": rev} if self.head is None else self.head)

    async def listed(self, _: web.Request) -> web.Response:
        """Its records."""
        return _said({"records": []} if self.records is None else self.records)


def _said(answer: Any) -> web.Response:
    if isinstance(answer, web.Response):
        return answer
    return web.json_response(answer)


@asynccontextmanager
async def lying(head: Any = None, records: Any = None) -> AsyncIterator[Lying]:
    """The servers, up."""
    servers = Lying(head=head, records=records)
    servers.host.answer(
        {
            "/xrpc/com.atproto.sync.getLatestCommit": servers.latest,
            "/xrpc/com.atproto.repo.listRecords": servers.listed,
            "/{did:did:.*}": servers.document,
        }
    )
    await servers.host.start()
    try:
        yield servers
    finally:
        await servers.host.stop()


CID = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"


@pytest.mark.parametrize(
    ("head", "records"),
    [
        ({"cid": CID, "rev": Tid.from_micros(4_000_000_000_000_000, 0)}, None),
        ({"cid": CID, "rev": "never"}, None),
        ([], None),
        (None, {"records": 7}),
        (
            None,
            {"records": [{"uri": f"at://{NOBODY}/{FOREIGN_FOLLOW}/1", "cid": CID, "value": {}}]},
        ),
        (None, {"records": [], "cursor": "again"}),
    ],
    ids=["future", "no rev", "no head", "no records", "of another", "endless"],
)
async def test_answers_that_make_no_sense(head: Any, records: Any) -> None:
    """They are no answers."""
    async with lying(head, records) as servers, reading(servers.host.url) as (reader, _):
        with pytest.raises(NotRead):
            await read(reader, servers.author.did)


@pytest.mark.parametrize(
    ("error", "status", "raised"),
    [
        ("RepoNotFound", 400, NothingToRead),
        ("RepoDeactivated", 400, NotRead),
        ("InvalidRequest", 400, NotRead),
        ("Defect", 500, NotRead),
    ],
)
async def test_refusals(error: str, status: int, raised: type[Exception]) -> None:
    """Only what says that there is no such account means that."""
    body = {"error": error}
    async with lying() as servers, reading(servers.host.url) as (reader, hosts):
        servers.head = web.json_response(body, status=status)
        with pytest.raises(raised):
            await read(reader, servers.author.did)
        assert hosts.down(servers.host.url) == (status == 500)


async def test_few_readings_at_one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """More are to come again; the places are free once a reading ends, and when it breaks off."""
    monkeypatch.setattr(read_follows, "PER_HOST", 1)
    async with World(1, now) as world, reading(world.plc_url) as (reader, hosts):
        mira, ada = (world.create_account(f"{name}.test") for name in ("mira", "ada"))
        first = reader.read(mira.did, now())
        await anext(first)
        with pytest.raises(HostBusy):
            await read(reader, ada.did)
        assert hosts.wait(world.pds_urls[0]) == 0
        await first.aclose()
        assert await read(reader, ada.did)
        assert await read(reader, mira.did)


async def test_a_host_that_rests_is_left_alone() -> None:
    """For as long as it has asked for; too many requests are no sign that it is dead."""
    async with lying() as servers, reading(servers.host.url) as (reader, hosts):
        servers.head = web.Response(status=429)
        with pytest.raises(NotRead) as failure:
            await read(reader, servers.author.did)
        assert failure.value.rest == REST
        assert not hosts.down(servers.host.url)
        hosts.rests(servers.host.url, 1_000)
        with pytest.raises(NotRead, match="left alone") as failure:
            await read(reader, servers.author.did)
        assert failure.value.rest == pytest.approx(1_000, abs=60)
