"""The relay merges its PDSes, and lets faults through where it has been afflicted."""

from __future__ import annotations

from random import Random

from atp import frames
from atp.errors import FrameError
from atp.frames import CommitMsg
from ops.world.events import Message
from ops.world.faults import Reorder, Strike, break_frame, drop, duplicate
from ops.world.network import World

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
