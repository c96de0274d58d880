"""The directory's memory: what is asked, when, and what is answered meanwhile."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from atp.did_doc import DidDocument
from atp.runtime.http import Client
from atp.syntax import Did, Handle
from pds_client import identity
from pds_client.identity import (
    ABSENT_FOR,
    FRESH_FOR,
    INVALID_FOR,
    KEPT_FOR,
    REFRESH_EVERY,
    UNAVAILABLE_FOR,
    DidAbsent,
    DidError,
    DidInvalid,
    DidTombstoned,
    DidUnavailable,
    Directory,
    HandleAbsent,
    HandleUnavailable,
)
from tests.atp.runtime.foreign_server import web_server
from tests.pds_client.hosts import DID, OTHER, Plc, document, plc_directory


class World:
    """A directory with a clock to turn and a PLC to set."""

    def __init__(self, http: Client, plc: Plc, resolvers: tuple[str, ...] = ()) -> None:
        self.now = 1_000.0
        self.plc = plc
        self.directory = Directory(http, plc.url, resolvers, clock=lambda: self.now)

    async def handle(self, did: Did = DID, *, refresh: bool = False) -> str | None:
        """The handle that the document claims: tells one version from another."""
        return (await self.directory.doc(did, refresh=refresh)).handle

    def serve(self, handle: str, did: Did = DID) -> None:
        """From now on PLC has this document."""
        self.plc.answers[did] = document(did, handle)

    async def behind(self) -> None:
        """Let what was started behind come to its end."""
        await asyncio.gather(*self.directory._flights.values())


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world whose account claims ``a.example.com``."""
    async with plc_directory() as plc, Client(allow_private=True) as http:
        world = World(http, plc)
        world.serve("a.example.com")
        yield world


async def test_a_fresh_document_is_not_asked_for(world: World) -> None:
    """For an hour a document is at hand, also for those who cannot wait."""
    assert world.directory.cached(DID) is None
    first = await world.directory.doc(DID)
    world.now += FRESH_FOR - 1
    assert await world.directory.doc(DID) is first
    assert world.directory.cached(DID) is first
    assert world.plc.asked == [DID]


async def test_a_stale_document_is_renewed_behind(world: World) -> None:
    """Then it is answered once more at once, asked for behind, and new the next time."""
    await world.handle()
    world.serve("b.example.com")
    world.now += FRESH_FOR
    assert world.directory.cached(DID) is None
    assert await world.handle() == "a.example.com"
    await world.behind()
    assert await world.handle() == "b.example.com"
    assert world.directory.cached(DID) is not None
    assert len(world.plc.asked) == 2


async def test_an_old_document_is_forgotten(world: World) -> None:
    """After a day the new one is waited for."""
    await world.handle()
    world.serve("b.example.com")
    world.now += KEPT_FOR
    assert await world.handle() == "b.example.com"


async def test_an_outage_changes_nothing(world: World) -> None:
    """While PLC is down a document keeps serving for its day, and PLC is asked now and then."""
    await world.handle()
    world.plc.answers[DID] = 503
    world.now += FRESH_FOR
    for asked in (2, 3):
        for _ in range(3):
            assert await world.handle() == "a.example.com"
            await world.behind()
        assert len(world.plc.asked) == asked
        world.now += UNAVAILABLE_FOR
    world.now += KEPT_FOR
    with pytest.raises(DidUnavailable):
        await world.handle()


@pytest.mark.parametrize(
    ("answer", "error", "lasts"),
    [
        (404, DidAbsent, ABSENT_FOR),
        (410, DidTombstoned, ABSENT_FOR),
        ({"id": OTHER}, DidInvalid, INVALID_FOR),
        (503, DidUnavailable, UNAVAILABLE_FOR),
    ],
)
async def test_failures_are_remembered(
    world: World, answer: int | dict[str, object], error: type[DidError], lasts: float
) -> None:
    """Each kind of failure is repeated for its own time without asking, refresh or not."""
    world.plc.answers[DID] = answer
    raised_before = []
    for refresh in (False, False, True):
        with pytest.raises(error) as raised:
            await world.handle(refresh=refresh)
        raised_before.append(raised.value)
        world.serve("a.example.com")
    assert len(set(map(id, raised_before))) == 3
    assert len(world.plc.asked) == 1
    world.now += lasts - 1
    with pytest.raises(error) as raised:
        await world.handle()
    assert world.directory.cached(DID) is None
    assert raised.value.__cause__ is None
    assert "_fetch" not in str(traceback.extract_tb(raised.tb))
    world.now += 1
    assert await world.handle() == "a.example.com"


async def test_what_became_of_a_known_did(world: World) -> None:
    """A known document gives way to the statement that the DID is gone, once that is made."""
    await world.handle()
    world.plc.answers[DID] = 410
    world.now += FRESH_FOR
    await world.handle()
    await world.behind()
    with pytest.raises(DidTombstoned):
        await world.handle()


async def test_one_look_up_at_a_time(world: World) -> None:
    """However many wait for a DID, it is asked for once; one who gives up disturbs nobody."""
    world.plc.hold = asyncio.Event()
    waiting = [asyncio.create_task(world.handle()) for _ in range(20)]
    await asyncio.sleep(0.05)
    waiting[0].cancel()
    await asyncio.sleep(0)
    world.plc.hold.set()
    assert set(await asyncio.gather(*waiting[1:])) == {"a.example.com"}
    assert waiting[0].cancelled()
    assert world.plc.asked == [DID]


async def test_refreshing(world: World) -> None:
    """A refresh asks at once, but once a minute: in between it is the very document known."""
    await world.handle()
    world.serve("b.example.com")
    renewed = await world.directory.doc(DID, refresh=True)
    assert renewed.handle == "b.example.com"
    world.serve("c.example.com")
    world.now += REFRESH_EVERY - 1
    assert await world.directory.doc(DID, refresh=True) is renewed
    assert len(world.plc.asked) == 2
    world.now += 1
    assert await world.handle(refresh=True) == "c.example.com"


async def test_refreshing_during_an_outage(world: World) -> None:
    """A refresh that cannot be made says so, while those who ask for none are served."""
    await world.handle()
    world.plc.answers[DID] = 503
    for _ in range(2):
        with pytest.raises(DidUnavailable):
            await world.handle(refresh=True)
        assert await world.handle() == "a.example.com"
    assert len(world.plc.asked) == 2
    world.serve("b.example.com")
    world.now += UNAVAILABLE_FOR
    assert await world.handle(refresh=True) == "b.example.com"


async def test_invalidating(world: World) -> None:
    """After an identity event what was known, or was being asked, is not used any more."""
    await world.handle()
    world.serve("b.example.com")
    world.directory.invalidate(DID)
    assert world.directory.cached(DID) is None
    assert await world.handle() == "b.example.com"
    world.directory.invalidate(DID)
    world.plc.hold = asyncio.Event()
    before = asyncio.create_task(world.handle())
    await asyncio.sleep(0.05)
    world.directory.invalidate(DID)
    world.plc.hold.set()
    await before
    assert world.directory.cached(DID) is None


async def test_asking_again_after_invalidating(world: World) -> None:
    """Who asks after the event does not get what was under way before it, and that is kept."""
    world.plc.hold = asyncio.Event()
    before = asyncio.create_task(world.directory.doc(DID))
    await asyncio.sleep(0.05)
    world.directory.invalidate(DID)
    after = asyncio.create_task(world.directory.doc(DID))
    await asyncio.sleep(0.05)
    assert len(world.plc.asked) == 2
    world.plc.hold.set()
    assert await before is not await after
    assert world.directory.cached(DID) is await after


async def test_what_we_know_ourselves_is_asked_here(world: World) -> None:
    """The network is not asked for a DID of ours, and a change is seen as for any other."""
    told = ["first.example.com"]

    async def ours() -> DidDocument:
        if not told:
            raise DidUnavailable(OTHER, "not running")
        return DidDocument.parse(document(OTHER, told[-1]), OTHER)

    async with Client(allow_private=True) as http:
        directory = Directory(http, world.plc.url, clock=lambda: world.now, ours={OTHER: ours})
        assert (await directory.doc(OTHER)).handle == "first.example.com"
        told.append("second.example.com")
        assert (await directory.doc(OTHER)).handle == "first.example.com"
        assert (await directory.doc(OTHER, refresh=True)).handle == "second.example.com"
        told.clear()
        world.now += REFRESH_EVERY
        with pytest.raises(DidUnavailable, match="not running"):
            await directory.doc(OTHER, refresh=True)
        assert (await directory.doc(OTHER)).handle == "second.example.com"
    assert world.plc.asked == []


async def test_memory_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large documents push out those that nobody asked for in the longest time."""
    monkeypatch.setattr(identity, "MAX_MEMORY", 4 * 75_000)
    dids = [Did("did:plc:" + c * 24) for c in "abcdefg"]
    for did in dids:
        world.plc.answers[did] = document(did, padding="x" * 9_000)
    for did in dids[:4]:
        await world.handle(did)
        await world.handle(did, refresh=True)
    await world.handle(dids[0])
    world.directory.cached(dids[1])
    await world.handle(dids[4])
    await world.handle(dids[5])
    at_hand = [did for did in dids if world.directory.cached(did) is not None]
    assert at_hand == [dids[0], dids[1], dids[4], dids[5]]
    for did in dids:
        world.directory.invalidate(did)
    assert world.directory._size == 0


async def test_handles_are_verified_both_ways() -> None:
    """A handle counts when it names the DID that claims it; trouble is told from a mismatch."""
    named = {"a.test": DID, "b.test": OTHER}

    async def resolve(request: web.Request) -> web.Response:
        handle = request.query["handle"]
        if handle == "down.test":
            raise web.HTTPServiceUnavailable
        if handle not in named:
            return web.json_response({"error": "HandleNotFound"}, status=400)
        return web.json_response({"did": named[handle]})

    route = web.get("/xrpc/com.atproto.identity.resolveHandle", resolve)
    async with (
        plc_directory() as plc,
        web_server([route]) as url,
        Client(allow_private=True) as http,
    ):
        world = World(http, plc, (url,))
        directory = world.directory

        async def verified(answer: dict[str, Any] | int) -> Handle:
            plc.answers[DID] = answer
            directory.invalidate(DID)
            return await directory.verified_handle(DID)

        assert await verified(document(DID, "A.test")) == "a.test"
        for unverifiable in (
            document(DID, "b.test"),
            document(DID, "c.test"),
            document(DID, "handle.invalid"),
            {"id": DID},
            {"id": OTHER},
            404,
        ):
            assert await verified(unverifiable) == Handle.INVALID
        for trouble in (document(DID, "down.test"), 503):
            with pytest.raises(HandleUnavailable):
                await verified(trouble)
        assert await directory.resolve_handle(Handle("b.test")) == OTHER
        with pytest.raises(HandleAbsent):
            await directory.resolve_handle(Handle("c.test"))
