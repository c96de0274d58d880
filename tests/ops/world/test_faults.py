"""Each fault does its own damage and no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp import car, frames
from atp.errors import FrameError, Rejected, RejectReason
from atp.frames import CommitMsg, IdentityMsg, SyncMsg
from atp.keys import Curve
from atp.sync import check_commit, check_sync
from atp.syntax import Did
from ops.world.events import Item, Message, account_of
from ops.world.faults import (
    Reorder,
    Strike,
    break_block,
    break_frame,
    break_signature,
    drop,
    duplicate,
)
from ops.world.keys import Secrets
from ops.world.repo import Create, Repo
from tests.ops.world.conftest import START

DIDS = [Did.parse(f"did:plc:{letter * 24}") for letter in "abc"]
TIME = "2026-01-01T00:00:00.000Z"
SECRETS = Secrets(1, "account 0")
KEY = SECRETS.key("signing 0", Curve.K256)


def identity(seq: int, did: Did = DIDS[0]) -> IdentityMsg:
    """A message that can be told from others."""
    return IdentityMsg(seq, did, TIME, None)


@pytest.fixture
def commit() -> CommitMsg:
    """A good commit."""
    repo = Repo(DIDS[0], KEY, SECRETS.tid_clock(), START)
    return repo.apply([Create("com.example.note", {})], START)


@pytest.fixture
def sync() -> SyncMsg:
    """A good sync message."""
    return Repo(DIDS[0], KEY, SECRETS.tid_clock(), START).announce(START)


def test_strike_hits_only_its_target() -> None:
    """What `when` does not pick, and what is no message any more, passes."""
    strike = Strike(drop, lambda message: message.seq == 2)
    assert [list(strike.feed(item)) for item in (identity(1), identity(2), b"\xff")] == [
        [identity(1)],
        [],
        [b"\xff"],
    ]
    assert not strike.drain()


def test_duplicate_delivers_twice() -> None:
    """The same message, two times."""
    assert list(duplicate(identity(1))) == [identity(1), identity(1)]


def test_broken_frame_is_no_frame(commit: CommitMsg) -> None:
    """Nobody can read it."""
    [frame] = break_frame(commit)
    assert isinstance(frame, bytes)
    with pytest.raises(FrameError):
        frames.decode(frame)


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (break_block, RejectReason.BAD_CAR),
        (break_signature, RejectReason.BAD_SIGNATURE),
    ],
)
def test_broken_messages_are_rejected_for_the_right_reason(
    commit: CommitMsg,
    sync: SyncMsg,
    break_it: Callable[[Message], Sequence[Item]],
    reason: RejectReason,
) -> None:
    """The good message passes; broken, it fails exactly that check."""
    key = KEY.public_key
    check_commit(commit, key, None, START)
    check_sync(sync, key, START)
    [broken] = break_it(commit)
    assert isinstance(broken, CommitMsg)
    with pytest.raises(Rejected) as rejected:
        check_commit(broken, key, None, START)
    assert rejected.value.reason is reason
    [unsynced] = break_it(sync)
    assert isinstance(unsynced, SyncMsg)
    with pytest.raises(Rejected) as rejected:
        check_sync(unsynced, key, START)
    assert rejected.value.reason is reason


def test_broken_signature_keeps_all_hashes(commit: CommitMsg) -> None:
    """Only the signature is wrong: the CAR reads well and the root is the one announced."""
    [broken] = break_signature(commit)
    assert isinstance(broken, CommitMsg)
    assert car.read(broken.blocks).roots == (broken.commit,)


@pytest.mark.parametrize("break_it", [break_block, break_signature])
def test_messages_without_blocks_have_none_to_break(
    break_it: Callable[[Message], Sequence[Item]],
) -> None:
    """An identity message passes whole."""
    assert list(break_it(identity(1))) == [identity(1)]


@given(
    st.lists(st.sampled_from(DIDS), max_size=40),
    st.integers(0, 8),
    st.integers(),
    st.booleans(),
)
def test_reorder_loses_nothing(
    dids: list[Did],
    held: int,
    seed: int,
    within: bool,
) -> None:
    """All comes out once, at most `held` late; within an account in order unless asked."""
    fault = Reorder(Random(seed), held, within_accounts=within)
    sent = [identity(seq, did) for seq, did in enumerate(dids)]
    arrived: list[Message] = []
    for number, message in enumerate(sent, 1):
        arrived += fault.feed(message)  # type: ignore[arg-type]
        assert len(arrived) == max(0, number - held)
    arrived += fault.drain()  # type: ignore[arg-type]
    assert sorted(arrived, key=lambda message: message.seq) == sent
    if not within:
        order = defaultdict(list)
        for late in arrived:
            order[account_of(late)].append(late.seq)
        assert all(seqs == sorted(seqs) for seqs in order.values())


def test_reorder_does_reorder() -> None:
    """With enough held back, accounts come out in another order; within one only when asked."""

    def play(dids: list[Did], *, within: bool) -> list[int]:
        fault = Reorder(Random(1), 5, within_accounts=within)
        items = [item for n in range(30) for item in fault.feed(identity(n, dids[n % len(dids)]))]
        return [item.seq for item in (*items, *fault.drain()) if not isinstance(item, bytes)]

    assert play(DIDS, within=False) != list(range(30))
    assert play(DIDS[:1], within=False) == list(range(30))
    assert play(DIDS[:1], within=True) != list(range(30))
    assert play(DIDS, within=False) == play(DIDS, within=False)


def test_reorder_lets_ruined_frames_pass() -> None:
    """Bytes belong to no account and are not held."""
    assert list(Reorder(Random(1), 5).feed(b"\xff")) == [b"\xff"]
