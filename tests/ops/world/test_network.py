"""The world as a whole: deterministic, right for every verifier, and fast enough."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import aiohttp
import pytest
from cryptography.exceptions import InvalidSignature

from atp import frames
from atp.did_doc import DidDocument
from atp.frames import AccountMsg, CommitMsg, IdentityMsg, SyncMsg
from atp.keys import PublicKey
from atp.sync import Chain, RepoState, check_commit, check_sync
from atp.syntax import Did
from ops.devnet.install import INSTALL_TIMEOUT_S
from ops.world.events import Item, Message
from ops.world.faults import Strike, break_block, break_signature, duplicate
from ops.world.network import World
from ops.world.repo import Create, Delete, Update
from tests.clock import now
from tests.ops.devnet.reference_consumer import consume
from tests.ops.world.conftest import START
from tests.ops.world.independent import Consumer
from tests.ops.world.subscriber import Subscription, subscribe
from tests.ops.world.test_sync_reads import Sync

COLLECTION = "com.example.note"
OTHER = "com.example.other"


def live(world: World) -> None:
    """A little life on both PDSes, of every kind but the end of keys and accounts."""
    people = [world.create_account(f"user{n}.test", n % 2) for n in range(4)]
    notes = [one.create(COLLECTION, {"by": one.handle, "n": n}) for n in range(9) for one in people]
    for one in people:
        kept = [
            ref.rkey
            for ref in one.apply_writes([Create(OTHER, {"n": n}) for n in range(40)])
            if ref
        ]
        one.apply_writes(
            [
                *(Delete(OTHER, rkey) for rkey in kept[::2]),
                *(Update(OTHER, rkey, {"new": True}) for rkey in kept[1::2]),
                Create(COLLECTION, {"subject": notes[0].to_json()}, "fixed"),
            ]
        )
        for rkey in kept[1::4]:
            one.delete(OTHER, rkey)
        one.create(COLLECTION, {"sound": one.upload_blob(one.handle.encode(), "audio/wav")})
    people[0].set_handle("renamed.test")
    people[1].deactivate()
    people[1].activate()
    people[2].takedown()
    people[2].untakedown()
    people[3].emit_sync()


def clock() -> Callable[[], int]:
    """A clock that begins anew."""
    return count(START, 1000).__next__


async def history(seed: int) -> tuple[list[bytes], object]:
    """Every frame of the relay, and the truth."""
    async with World(seed, clock(), pdses=2) as world:
        live(world)
        world.accounts[0].rotate_key()
        world.accounts[1].delete_account()
        frames_said = [event.frame for event in world.relay.log.after(0)]
        return frames_said, (world.records(), world.statuses())


async def test_same_seed_same_bytes() -> None:
    """Seed, clock and deeds decide every byte, whatever the ports; another seed changes them."""
    one, two, other = [await history(seed) for seed in (1, 1, 2)]
    assert one == two
    assert len(one[0]) > 50
    assert not set(one[0]) & set(other[0])


async def test_order_of_creation_decides_identities() -> None:
    """The n-th account of a seed with a handle is the same one in every world."""
    dids = []
    for others in (0, 5):
        async with World(4, clock()) as world:
            first = world.create_account("alice.test")
            for n in range(others):
                world.create_account(f"user{n}.test")
            dids.append(first.did)
    assert dids[0] == dids[1]


async def test_a_migrated_account_is_at_home_in_one_place(
    world: World, http: aiohttp.ClientSession
) -> None:
    """The new PDS has the repo, under a new key and a higher rev; the old one says deactivated."""
    alice = world.create_account("alice.test", pds=0)
    note = alice.create(COLLECTION, {})
    old = alice.repo.head
    key = alice.repo.key
    before = world.relay.log.last
    world.migrate(alice, 1)
    messages = [frames.decode(event.frame) for event in world.relay.log.after(before)]
    assert [type(message) for message in messages] == [
        IdentityMsg,
        AccountMsg,
        IdentityMsg,
        SyncMsg,
    ]
    assert alice.repo.head.rev > old.rev
    assert not alice.repo.head.verify(key.public_key)
    document = DidDocument.parse(world.plc.document(alice.did), alice.did)
    assert document.pds == world.pds_urls[1]
    assert document.signing_key == alice.repo.key.public_key
    assert set(world.records()) == {note.uri}
    gone, here = [Sync(http, url) for url in world.pds_urls]
    assert await gone.error("getRepo", did=alice.did) == (400, "RepoDeactivated")
    [row] = (await gone.json("listRepos"))["repos"]
    assert (row["active"], row["status"], row["rev"]) == (False, "deactivated", old.rev)
    status = await gone.json("getRepoStatus", did=alice.did)
    assert status == {"did": alice.did, "active": False, "status": "deactivated"}
    assert (await here.json("getLatestCommit", did=alice.did))["rev"] == alice.repo.head.rev
    with pytest.raises(ValueError, match="cannot move"):
        world.migrate(alice, 1)


async def test_handles_are_unique(world: World) -> None:
    """A handle in use cannot be taken; that of a deleted account can."""
    alice = world.create_account("alice.test")
    with pytest.raises(ValueError, match="taken"):
        world.create_account("Alice.test", pds=1)
    alice.delete_account()
    again = world.create_account("alice.test")
    assert again.did != alice.did


async def test_every_frame_passes_an_independent_check(world: World) -> None:
    """Hashes, signatures, chain and tree are right by code that shares nothing with ours."""
    live(world)
    consumer = Consumer({one.did: world.plc.document(one.did) for one in world.accounts})
    async with subscribe(world.relay_url, 0) as subscription:
        consumer.take(await subscription.frames(world.relay.log.last))
        rotated = world.accounts[0]
        rotated.rotate_key()
        rotated.create(COLLECTION, {"after": "rotation"})
        consumer.documents[rotated.did] = world.plc.document(rotated.did)
        consumer.take(await subscription.frames(3))
    assert consumer.seen.keys() == {"#commit", "#sync", "#identity", "#account"}
    believed = {
        (f"at://{did}/{path}", cid)
        for did, records in consumer.records.items()
        for path, cid in records.items()
    }
    assert believed == {(uri, bytes(cid)) for uri, (cid, _) in world.records().items()}


@pytest.mark.parametrize("how", [duplicate, break_block, break_signature])
async def test_the_independent_check_can_fail(
    world: World, how: Callable[[Message], Sequence[Item]]
) -> None:
    """What a fault has ruined does not pass for good."""
    world.relay.afflict(Strike(how, lambda message: isinstance(message, CommitMsg)))
    live(world)
    consumer = Consumer({one.did: world.plc.document(one.did) for one in world.accounts})
    with pytest.raises((AssertionError, InvalidSignature)):
        consumer.take(event.frame for event in world.relay.log.after(0))


async def test_every_frame_passes_our_own_check(world: World) -> None:
    """Every repository is complete from its first commit on, without a fetch."""
    live(world)
    keys: dict[Did, PublicKey] = {}
    for one in world.accounts:
        key = DidDocument.parse(world.plc.document(one.did), one.did).signing_key
        assert key is not None
        keys[one.did] = key
    now = START + 60_000_000
    states: dict[Did, RepoState] = {}
    async with subscribe(world.relay_url, 0) as subscription:
        for frame in await subscription.frames(world.relay.log.last):
            message = frames.decode(frame)
            if isinstance(message, CommitMsg):
                state = states.get(message.repo)
                checked = check_commit(message, keys[message.repo], state, now)
                assert checked.chain is (Chain.CONTINUES if state else Chain.GENESIS)
                states[message.repo] = RepoState(checked.rev, checked.data)
            elif isinstance(message, SyncMsg):
                synced = check_sync(message, keys[message.did], now)
                assert RepoState(synced.rev, synced.data) == states[message.did]
    assert len(states) == 4


@pytest.mark.timeout(INSTALL_TIMEOUT_S)
async def test_reference_consumer_accepts_everything(installed: Path) -> None:
    """`@atproto/sync` verifies every op of a live stream and has nothing to complain of."""
    async with World(5, now, pdses=2) as world:
        rotating, moving = [world.create_account(f"{name}.test") for name in ("turn", "move")]
        consuming = asyncio.create_task(consume(installed, world.relay_url, world.plc_url))
        async with asyncio.timeout(30):
            while not world.relay.firehose.subscribers:
                await asyncio.sleep(0.01)
        live(world)
        await asyncio.sleep(0.2)  # time enough to have resolved the old key
        rotating.rotate_key()
        rotating.create(OTHER, {})
        world.migrate(moving, 1)
        moving.create(OTHER, {"after": "migration"})
        leaving = world.create_account("leaving.test")
        await asyncio.sleep(0.2)
        leaving.delete_account()
        consumed = await consuming
        assert consumed.errors == []
        ops = [op for message in _commits(world) for op in message.ops]
        for action in ("create", "update", "delete"):
            for collection in (COLLECTION, OTHER):
                expected = sum((op.action, op.collection) == (action, collection) for op in ops)
                assert consumed.count.get(f"{action} {collection}", 0) == expected
        assert consumed.count["account takendown"] == 1
        assert consumed.count["account deleted"] == 1


def _commits(world: World) -> list[CommitMsg]:
    messages = [frames.decode(event.frame) for event in world.relay.log.after(0)]
    return [message for message in messages if isinstance(message, CommitMsg)]


async def test_fast_enough(world: World) -> None:
    """At least 200 commits a second reach a subscriber of the relay, one record each."""
    alice = world.create_account("alice.test")

    async def read(subscription: Subscription) -> None:
        await subscription.frames(400)

    async with subscribe(world.relay_url) as subscription:
        started = time.perf_counter()
        reading = asyncio.create_task(read(subscription))
        for n in range(400):
            alice.create(COLLECTION, {"n": n})
            await asyncio.sleep(0)
        await reading
        assert time.perf_counter() - started < 2.0
