"""Proofs fetched from a PDS: believed as far as they prove, and asked for with restraint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from appview import proofs as proofs_
from appview.proofs import Proofs
from atp import car
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri
from atp.tid import Tid
from ops.world.keys import Secrets
from ops.world.repo import Delete
from pds_client import identity, sync
from tests.appview.pds import Outside, document, outside, serving
from tests.atp.second_opinion import proven
from tests.indexer.authors import NAMES, START, Author

T1, T2 = "3kaaaaaaaaaa2", "3kaaaaaaaaab2"


class World:
    """One author at one PDS, proofs, and the clock that they go by."""

    def __init__(self, around: Outside) -> None:
        self.outside = around
        self.pds = around.pds
        self.seconds = 0.0
        self.proofs = Proofs(around.network, lambda: START * 2, clock=lambda: self.seconds)
        self.mira = around.register(Author(0))
        self.mira.message(self.mira.track(T1))

    def uri(self, rkey: str = T1) -> AtUri:
        """A track of hers."""
        return self.mira.uri(NAMES.track, rkey)

    async def record(self, rkey: str = T1, written: Tid | None = None) -> bytes | None:
        """What is proven to be under a key, by the judgement of the second verifier."""
        proof = await self.proofs.get(self.uri(rkey), written, None)
        key = self.mira.repo.key.public_key.did_key()
        _, record = proven(proof.to_car(), self.mira.did, key, f"{NAMES.track}/{rkey}")
        assert (record is None) == (proof.record is None)
        return record

    async def refused(self, rkey: str = T1, head: Tid | None = None) -> tuple[int, str]:
        """How the caller is refused."""
        with pytest.raises(XrpcError) as caught:
            await self.proofs.get(self.uri(rkey), None, head)
        return caught.value.status, caught.value.error


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Mira's PDS has one track of hers."""
    async with outside() as around:
        yield World(around)


FAILURE = (502, "UpstreamFailure")
NO_PLACE = (503, "NotEnoughResources")


async def test_what_is_there_and_what_is_not(world: World) -> None:
    """Both are proven."""
    assert await world.record(T1) == world.mira.repo.records[f"{NAMES.track}/{T1}"].block
    assert await world.record(T2) is None


async def test_one_question_however_many_ask(world: World) -> None:
    """Together and one after the other, until what is remembered is too old."""
    await asyncio.gather(*(world.record() for _ in range(20)))
    await world.record()
    assert len(world.pds.asked) == 1
    world.seconds += proofs_.KEPT_FOR
    await world.record()
    assert len(world.pds.asked) == 2


async def test_who_leaves_takes_no_answer_away(world: World) -> None:
    """A caller that hangs up leaves the others their proof."""
    world.pds.flowing.clear()
    first = asyncio.create_task(world.record())
    second = asyncio.create_task(world.record())
    while not world.pds.asked:
        await asyncio.sleep(0.01)
    first.cancel()
    world.pds.flowing.set()
    assert await second is not None


async def test_what_is_known_to_be_newer_is_asked_for_anew(world: World) -> None:
    """A deletion that the index has seen outdates the proof of what was there."""
    assert await world.record() is not None
    world.mira.message(Delete(NAMES.track, T1))
    assert await world.record(written=world.mira.repo.head.rev) is None


def swapped(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """A lie that puts other bytes in the place of some."""
    return lambda data: data.replace(old, new)


async def test_no_lie_gets_through(world: World) -> None:
    """Forged, cut, empty, of another record, account or time: refused, and said to be no answer."""
    ada = Author(1)
    ada.message(ada.track(T1))
    mira = world.mira.repo
    old = mira.proof(f"{NAMES.track}/{T1}")
    world.mira.message(*(world.mira.track(f"3kaaaaaaaaa{x}2") for x in "cdefghijklmnopqrstuvw"))
    lies: list[Callable[[bytes], bytes]] = [
        swapped(b"Harbour", b"Herbour"),
        lambda data: data[:-1],
        lambda _: b"",
        lambda _: b"<html>",
        lambda _: old,
        lambda _: ada.repo.proof(f"{NAMES.track}/{T1}"),
        lambda data: car.write([], car.read(data).blocks.items()),
    ]
    for lie in lies:
        world.pds.lie = lie
        assert await world.refused(head=mira.head.rev) == FAILURE
        world.seconds += proofs_.REFUSED_FOR
    world.pds.lie = bytes
    assert await world.record() is not None


async def test_a_flood_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is only so large."""
    monkeypatch.setattr(sync, "MAX_PROOF", 10_000)
    world.pds.lie = lambda data: data + bytes(20_000)
    assert await world.refused() == FAILURE


@pytest.mark.parametrize("error", proofs_.CLAIMS)
async def test_a_claim_is_passed_on_by_name(world: World, error: str) -> None:
    """It proves nothing, so it is no proof; it is remembered for a moment."""
    world.pds.refuse(400, error)
    assert await world.refused() == (400, error)
    assert await world.refused() == (400, error)
    assert len(world.pds.asked) == 1
    world.pds.refusal = None
    world.seconds += proofs_.REFUSED_FOR
    assert await world.record() is not None


async def test_any_other_refusal_says_nothing(world: World) -> None:
    """Nothing follows from what a host says in names of its own, or by its status."""
    for status, error in ((400, "InvalidRequest"), (404, ""), (401, "AuthRequired"), (500, "")):
        world.pds.refuse(status, error)
        assert await world.refused() == FAILURE
        world.seconds += proofs_.REFUSED_FOR


async def test_a_silent_host_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one question that it did not answer, none about any record, for a while."""
    monkeypatch.setattr(sync, "PROOF_TIMEOUT", 0.2)
    world.pds.flowing.clear()
    assert await world.refused(T1) == FAILURE
    world.pds.flowing.set()
    assert await world.refused(T2) == FAILURE
    assert len(world.pds.asked) == 1
    world.seconds += proofs_.REST
    assert await world.record(T2) is None


async def test_a_host_says_how_long(world: World) -> None:
    """``Retry-After`` is heeded, within reason."""
    headers = {"Retry-After": str(10 * int(proofs_.MAX_REST))}
    world.pds.refuse(429, **headers)
    assert await world.refused() == FAILURE
    world.pds.refusal = None
    world.seconds += proofs_.MAX_REST - 1
    assert await world.refused() == FAILURE
    world.seconds += 1
    assert await world.record() is not None


async def test_an_error_about_one_record_spares_the_others(world: World) -> None:
    """A PDS that breaks over one record still proves another."""
    world.pds.refuse(500)
    assert await world.refused(T2) == FAILURE
    world.pds.refusal = None
    assert await world.record(T1) is not None


async def test_all_of_it_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stalls, the caller hears in time."""
    monkeypatch.setattr(proofs_, "TIMEOUT", 0.2)
    world.outside.plc.hold = asyncio.Event()
    assert await world.refused() == FAILURE
    world.outside.plc.hold.set()


@pytest.mark.parametrize(("limit", "places"), [("PER_HOST", 3), ("AT_ONCE", 3)])
async def test_places_are_few_and_there_is_no_queue(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: str, places: int
) -> None:
    """Who comes when all are taken is told so at once; it is not held against the record."""
    monkeypatch.setattr(proofs_, limit, places)
    await world.outside.network.directory.doc(world.mira.did)
    world.pds.flowing.clear()
    asking = [asyncio.create_task(world.record(f"3kaaaaaaaaa{x}2")) for x in "cdefghijk"[:places]]
    while len(world.pds.asked) < places:
        await asyncio.sleep(0.01)
    assert await world.refused(T1) == NO_PLACE
    world.pds.flowing.set()
    assert await asyncio.gather(*asking) == [None] * places
    assert await world.record(T1) is not None
    assert not world.proofs._asked


async def test_memory_has_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten first, and the account of it is exact."""
    monkeypatch.setattr(proofs_, "MAX_MEMORY", 5 * proofs_.MEMORY_EACH)
    for letter in "cdefghijk":
        await world.record(f"3kaaaaaaaaa{letter}2")
        known = world.proofs._known
        assert world.proofs._size == sum(one.size for one in known.values()) <= 5_120
    newest = [world.uri(f"3kaaaaaaaaa{letter}2") for letter in "cdefghijk"]
    assert 0 < len(known) < 5
    assert list(known) == newest[-len(known) :]


async def test_a_new_key_is_looked_up(world: World) -> None:
    """A signature that does not verify is a reason to ask who the account is, once a minute."""
    await world.record(T2)
    world.mira.repo.key = Secrets(7, "another").key("signing", world.mira.key.public_key.curve)
    world.mira.message()
    assert await world.refused(T1) == FAILURE, "the directory still names the old key"
    world.outside.register(world.mira)
    world.outside.network.directory.invalidate(world.mira.did)
    world.seconds += proofs_.REFUSED_FOR
    assert await world.record(T1) is not None


async def test_a_document_of_yesterday_is_renewed(world: World) -> None:
    """Nobody has to be told that a key has changed."""
    await world.record(T2)
    world.mira.repo.key = Secrets(7, "another").key("signing", world.mira.key.public_key.curve)
    world.mira.message()
    world.outside.register(world.mira)
    assert await world.record(T1) is not None


@pytest.mark.parametrize("farewell", ["RepoNotFound", "RepoDeactivated", ""])
async def test_who_has_moved_is_found(world: World, farewell: str) -> None:
    """What the old PDS says, or that it is gone, is no answer while another one has the repo."""
    await world.record(T2)
    world.pds.refuse(400 if farewell else 503, farewell)
    async with serving() as new:
        world.outside.register(world.mira, new)
        assert await world.record(T1) is not None
        assert len(new.asked) == 1


async def test_who_is_nobody_has_no_repo(world: World) -> None:
    """A DID that is gone, or whose document names no PDS; if nobody can tell, that is said."""
    plc, did = world.outside.plc, world.mira.did
    directory = world.outside.network.directory
    for found, expected in (
        (404, (400, "RepoNotFound")),
        (410, (400, "RepoNotFound")),
        ({"id": did}, (400, "RepoNotFound")),
        ({"id": "did:web:other.test"}, (400, "RepoNotFound")),
        (500, FAILURE),
    ):
        plc.answers[did] = found
        directory.invalidate(did)
        assert await world.refused() == expected, found
        world.seconds += proofs_.REFUSED_FOR
    assert world.pds.asked == []
    plc.answers[did] = document(world.mira, world.pds.url)
    directory.invalidate(did)
    assert await world.record() is not None


def test_the_bounds_fit_together() -> None:
    """A PDS's time is part of all the time; identities are renewed at a bounded rate."""
    assert sync.PROOF_TIMEOUT < proofs_.TIMEOUT
    assert identity.REFRESH_EVERY >= proofs_.REFUSED_FOR
