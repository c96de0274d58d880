"""Lanes: order within a DID, nobody delayed by another, bounded."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from atp.frames import AccountMsg, CommitMsg, IdentityMsg
from atp.syntax import Did
from indexer import lanes as lanes_module
from indexer.event import Deferred, Item, Message, Outcome, Refused
from indexer.lanes import Lanes
from indexer.reasons import Drop
from indexer.store.repos import Desync
from indexer.verify import Verifier
from tests.indexer.authors import Author

DONE = Refused(Drop.IDENTITY_ABSENT)


class Slow(Verifier):
    """A verifier whose look-ups end when told; commits of known DIDs need none."""

    def __init__(self) -> None:
        self.known: set[Did] = set()
        self.gates: dict[Did, asyncio.Event] = {}
        self.result: Outcome = DONE
        self.looked_up_count = 0

    def at_once(self, message: Message) -> Outcome | None:
        """What a known DID gets."""
        if isinstance(message, AccountMsg | IdentityMsg):
            return message
        did = message.repo if isinstance(message, CommitMsg) else message.did
        return DONE if did in self.known else None

    async def looked_up(self, message: Message) -> Outcome:
        """What an unknown DID gets, once its gate opens."""
        assert isinstance(message, CommitMsg)
        self.looked_up_count += 1
        await self.gates.setdefault(message.repo, asyncio.Event()).wait()
        return self.result


def items(author: Author, count: int, start: int = 1) -> list[Item]:
    """Commits of an author as a source hands them over."""
    return [Item("ws://x", start + n, author.did, author.message()) for n in range(count)]


async def test_a_waiting_did_delays_only_itself() -> None:
    """Messages of a DID that waits queue in order; those of others pass."""
    verifier, out = Slow(), list[int]()
    slow, quick = Author(0), Author(1)
    verifier.known.add(quick.did)
    async with asyncio.TaskGroup() as tasks:
        lanes = Lanes(verifier, lambda item, _: out.append(item.seq), tasks)
        for item in [*items(slow, 2, 1), *items(quick, 2, 3), *items(slow, 1, 5)]:
            lanes.submit(item)
        lanes.submit(Item("ws://x", 6, slow.did, slow.account(active=False)))
        await asyncio.sleep(0)
        assert out == [3, 4]
        verifier.gates[slow.did].set()
    assert out == [3, 4, 1, 2, 5, 6]
    assert len(lanes) == 0


async def test_what_waited_behind_a_failed_look_up_shares_its_end() -> None:
    """One failed look-up ends the lane's wait: the others do not wait in turn."""
    verifier, out = Slow(), list[Outcome]()
    slow = Author(0)
    verifier.result = Deferred(slow.did, Desync.IDENTITY_UNAVAILABLE)
    verifier.gates[slow.did] = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        lanes = Lanes(verifier, lambda _, outcome: out.append(outcome), tasks)
        for item in items(slow, 5):
            lanes.submit(item)
        await asyncio.sleep(0)
        verifier.gates[slow.did].set()
    assert out == [verifier.result] * 5
    assert verifier.looked_up_count == 1


async def test_an_identity_event_ends_the_shared_failure() -> None:
    """After `#identity` the next commit is looked up anew."""
    verifier, out = Slow(), list[Outcome]()
    slow = Author(0)
    verifier.result = Deferred(slow.did, Desync.IDENTITY_UNAVAILABLE)
    verifier.gates[slow.did] = asyncio.Event()
    verifier.gates[slow.did].set()
    async with asyncio.TaskGroup() as tasks:
        lanes = Lanes(verifier, lambda _, outcome: out.append(outcome), tasks)
        first, second = items(slow, 2)
        lanes.submit(first)
        lanes.submit(Item("ws://x", 7, slow.did, slow.identity()))
        lanes.submit(second)
    assert verifier.looked_up_count == 2


async def test_a_slow_look_up_has_its_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that does not end in time defers its lane."""
    monkeypatch.setattr(lanes_module, "PATIENCE", 0.02)
    verifier, out = Slow(), list[Outcome]()
    slow = Author(0)
    async with asyncio.TaskGroup() as tasks:
        lanes = Lanes(verifier, lambda _, outcome: out.append(outcome), tasks)
        for item in items(slow, 2):
            lanes.submit(item)
    assert out == [Deferred(slow.did, Desync.IDENTITY_UNAVAILABLE)] * 2


async def test_a_long_lane_and_too_many_lanes_are_hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds up others has less time; nothing is dropped for its number alone."""
    monkeypatch.setattr(lanes_module, "HURRY", 0.02)
    verifier, out = Slow(), list[Outcome]()
    slow = Author(0)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        lanes = Lanes(verifier, lambda _, outcome: out.append(outcome), tasks)
        for item in items(slow, lanes_module.MAX_LANE):
            lanes.submit(item)
    assert out == [Deferred(slow.did, Desync.IDENTITY_UNAVAILABLE)] * lanes_module.MAX_LANE
    out.clear()
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    message = slow.message()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        lanes = Lanes(verifier, lambda _, outcome: out.append(outcome), tasks)
        for n in range(lanes_module.MAX_LANES + 1):
            did = Did.parse("did:plc:" + "b" * 22 + letters[n // 32] + letters[n % 32])
            lanes.submit(Item("ws://x", 100 + n, did, replace(message, repo=did)))
        assert lanes.crowded
    assert len(out) == lanes_module.MAX_LANES + 1
    assert not lanes.crowded
