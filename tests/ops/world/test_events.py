"""The event log numbers, keeps a window, and forgets deleted accounts."""

from __future__ import annotations

import asyncio

import pytest

from atp import frames
from atp.frames import AccountMsg, IdentityMsg
from atp.syntax import Did
from ops.world.events import EventLog

ALICE, BOB = (Did.parse(f"did:plc:{letter * 24}") for letter in "ab")
TIME = "2026-01-01T00:00:00.000Z"


def identity(did: Did) -> IdentityMsg:
    """A message about an account."""
    return IdentityMsg(0, did, TIME, None)


def test_numbers_from_one_and_stamps_the_frame() -> None:
    """The log's own sequence number stands in the frame."""
    log = EventLog(10)
    for did in (ALICE, BOB):
        log.append(identity(did))
    assert [event.seq for event in log.after(0)] == [1, 2]
    assert frames.decode(log.after(1)[0].frame) == IdentityMsg(2, BOB, TIME, None)


@pytest.mark.parametrize(("seq", "expected"), [(0, [4, 5, 6]), (4, [5, 6]), (6, []), (9, [])])
def test_keeps_the_window(seq: int, expected: list[int]) -> None:
    """Only the newest events are held, and `evicted` names the newest that is not."""
    log = EventLog(3)
    for _ in range(6):
        log.append(identity(ALICE))
    assert log.evicted == 3
    assert [event.seq for event in log.after(seq)] == expected


def test_deletion_takes_an_account_out_of_the_replay() -> None:
    """After `#account` deleted, nothing but that is left of the account."""
    log = EventLog(10)
    for did in (ALICE, BOB, ALICE):
        log.append(identity(did))
    log.append(AccountMsg(0, ALICE, TIME, active=False, status="deactivated"))
    assert [event.seq for event in log.after(0)] == [1, 2, 3, 4]
    log.append(AccountMsg(0, ALICE, TIME, active=False, status="deleted"))
    assert [event.seq for event in log.after(0)] == [2, 5]


def test_ruined_frames_go_in_as_they_are() -> None:
    """Bytes take a number and are not touched."""
    log = EventLog(10)
    log.append(b"\xff")
    log.append(identity(ALICE))
    assert [(event.seq, event.did) for event in log.after(0)] == [(1, None), (2, ALICE)]
    assert log.after(0)[0].frame == b"\xff"


async def test_beyond_wakes_every_reader() -> None:
    """Readers that wait are woken by the event they wait for, not by one before it."""
    log = EventLog(10)
    readers = [asyncio.create_task(log.beyond(seq)) for seq in (0, 0, 1)]
    await asyncio.sleep(0)
    log.append(identity(ALICE))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [reader.done() for reader in readers] == [True, True, False]
    log.append(identity(ALICE))
    await asyncio.wait_for(asyncio.gather(*readers), 1)
