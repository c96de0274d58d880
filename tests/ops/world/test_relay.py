"""The relay merges its PDSes, and lets faults through where it has been afflicted."""

from __future__ import annotations

from itertools import count
from random import Random

from atp import frames
from atp.errors import FrameError
from atp.frames import AccountMsg, CommitMsg
from ops.world.events import Message
from ops.world.faults import (
    Reorder,
    Strike,
    break_block,
    break_frame,
    break_signature,
    drop,
    duplicate,
)
from ops.world.network import World
from tests.ops.world.conftest import START
from tests.ops.world.subscriber import subscribe

COLLECTION = "com.example.note"


def is_commit(message: Message) -> bool:
    """Whether the message is a commit."""
    return isinstance(message, CommitMsg)


def passed_on(world: World, after: int = 0) -> list[bytes]:
    """The relay's frames after an event."""
    return [event.frame for event in world.relay.log.after(after)]


async def test_merges_in_order(world: World) -> None:
    """Every event of every PDS once, in the order in which it happened, unchanged but for seq."""
    alice, bob = (world.create_account(f"{name}.test", n) for n, name in enumerate(("al", "bo")))
    for n in range(5):
        for account in (alice, bob):
            account.create(COLLECTION, {"n": n})
    merged = [frames.decode(frame) for frame in passed_on(world)]
    assert [message.seq for message in merged] == list(range(1, 19))  # type: ignore[union-attr]
    for pds, account in zip(world.pdses, (alice, bob), strict=True):
        own = [frames.decode(event.frame) for event in pds.log.after(0)]
        theirs = [
            m for m in merged if account.did in {getattr(m, "repo", ""), getattr(m, "did", "")}
        ]
        assert [_unnumbered(message) for message in own] == [_unnumbered(m) for m in theirs]


def _unnumbered(message: object) -> str:
    return str(message).replace(f"seq={getattr(message, 'seq', '')},", "")


async def test_faults_are_felt_until_healed(world: World) -> None:
    """A fault changes what the relay says, not what the PDS says; healing ends it."""
    alice = world.create_account("alice.test")
    before = world.relay.log.last
    world.relay.afflict(Strike(drop, is_commit))
    alice.create(COLLECTION, {})
    world.relay.heal()
    note = alice.create(COLLECTION, {})
    [message] = [frames.decode(frame) for frame in passed_on(world, before)]
    assert isinstance(message, CommitMsg)
    assert (message.seq, message.ops[0].cid) == (before + 1, note.cid)
    assert world.pdses[0].log.last == 6


async def test_faults_follow_one_another(world: World) -> None:
    """What one fault lets out the next one is fed: each duplicate is broken by itself."""
    alice = world.create_account("alice.test")
    before = world.relay.log.last
    world.relay.afflict(Strike(duplicate, is_commit))
    world.relay.afflict(Strike(break_frame, is_commit))
    alice.create(COLLECTION, {})
    ruined = passed_on(world, before)
    assert len(ruined) == 2
    for frame in ruined:
        try:
            frames.decode(frame)
        except FrameError:
            continue
        raise AssertionError("a broken frame was read")


async def test_ruined_syncs_are_passed_on(world: World) -> None:
    """A `#sync` whose blocks are broken goes through, and a fault behind finds nothing to sign."""
    alice = world.create_account("alice.test")
    before, rev = world.relay.log.last, alice.repo.head.rev
    world.relay.afflict(Strike(break_block, lambda _: True))
    world.relay.afflict(Strike(break_signature, lambda _: True))
    alice.emit_sync()
    assert len(passed_on(world, before)) == 1
    assert world.relay.known[alice.did].rev == rev


async def test_healing_lets_go_what_was_held(world: World) -> None:
    """What a fault still holds arrives when it is taken away, through the faults behind it."""
    alice = world.create_account("alice.test")
    before = world.relay.log.last
    world.relay.afflict(Reorder(Random(1), held=10))
    world.relay.afflict(Strike(duplicate, is_commit))
    for n in range(3):
        alice.create(COLLECTION, {"n": n})
    assert passed_on(world, before) == []
    world.relay.heal()
    revs = [frames.decode(frame).rev for frame in passed_on(world, before)]  # type: ignore[union-attr]
    assert len(revs) == 6
    assert revs == sorted(revs)


def account_events(world: World, after: int) -> list[tuple[bool, str | None]]:
    """What the relay has said of accounts' status after an event."""
    messages = [frames.decode(frame) for frame in passed_on(world, after)]
    return [(one.active, one.status) for one in messages if isinstance(one, AccountMsg)]


async def test_a_former_host_is_not_believed(world: World) -> None:
    """`#account` of the PDS that an account has left is passed on by a credulous relay only."""
    alice = world.create_account("alice.test")
    before = world.relay.log.last
    world.migrate(alice, 1)
    assert account_events(world, before) == [(True, None)]
    assert world.pdses[0].log.last == 5
    world.relay.credulous = True
    before = world.relay.log.last
    world.migrate(alice, 0)
    assert account_events(world, before) == [(True, None), (False, "deactivated")]


async def test_a_takedown_of_the_relay_alone(world: World) -> None:
    """The relay says so, passes nothing on meanwhile, and then says what the PDS says."""
    alice = world.create_account("alice.test")
    before = world.relay.log.last
    world.relay.takedown(alice.did, START)
    alice.create(COLLECTION, {})
    alice.deactivate()
    assert len(passed_on(world, before)) == 1
    world.relay.untakedown(alice.did, START)
    alice.activate()
    assert account_events(world, before) == [
        (False, "takendown"),
        (False, "deactivated"),
        (True, None),
    ]
    assert world.statuses() == {alice.did: None}


async def test_relays_are_afflicted_one_by_one() -> None:
    """What one relay loses the other still says."""
    async with World(3, count(START, 1000).__next__, relays=2) as world:
        one, other = world.relays
        other.afflict(Strike(drop, is_commit))
        alice = world.create_account("alice.test")
        assert [len(relay.log.after(0)) for relay in (one, other)] == [4, 3]
        async with subscribe(world.relay_urls[1], 0) as subscription:
            await subscription.frames(3)
        assert alice.active
