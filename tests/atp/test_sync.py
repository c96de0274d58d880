"""What passes for a commit and what does not: real streams, other people's scenarios, liars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from atp import car, cbor
from atp.cid import Cid
from atp.commit import Commit
from atp.errors import Rejected, RejectReason
from atp.frames import CommitMsg, SyncMsg
from atp.keys import Curve, PrivateKey
from atp.mst import Node, depth
from atp.mst_tree import Tree
from atp.sync import (
    EMPTY_ROOT,
    MAX_RECORD,
    Chain,
    RecordProblem,
    RepoState,
    VerifiedCommit,
    chain,
    check_commit,
    check_sync,
)
from atp.syntax import Did
from atp.tid import Tid
from tests.atp.signed_repo import KEY, NOW, SignedRepo, block_of, op, records, state_of

LATER = 2_000_000_000_000_000
STRANGER = PrivateKey.from_bytes(Curve.P256, b"\x02" * 32)
PATHS = [f"com.example.note/{number}" for number in range(40)]
KEY_AT = {depth(path.encode()): path for path in PATHS}
"""A path of each depth."""


def check(msg: CommitMsg, previous: RepoState | None = None) -> VerifiedCommit:
    """The commit in ``msg``, of the account that a `SignedRepo` stands for."""
    return check_commit(msg, KEY.public_key, previous, NOW)


def written() -> tuple[RepoState, CommitMsg]:
    """A repo of some records, and a commit on it that creates, updates and deletes."""
    repo = SignedRepo()
    repo.write({path: block_of(1) for path in PATHS[:20]})
    state = repo.state
    assert state is not None
    return state, repo.write({PATHS[0]: None, PATHS[1]: block_of(2), PATHS[30]: block_of(3)})


BEFORE, MSG = written()
BLOCKS = car.read(MSG.blocks).blocks
COMMIT = Commit.from_bytes(BLOCKS[MSG.commit])


def with_blocks(blocks: Mapping[Cid, bytes], root: Cid = MSG.commit) -> CommitMsg:
    """`MSG` with other blocks."""
    return replace(MSG, blocks=car.write([root], blocks.items()))


def without_block(cid: Cid) -> CommitMsg:
    """`MSG` without one block."""
    return with_blocks({other: block for other, block in BLOCKS.items() if other != cid})


def with_commit(commit: Commit, key: PrivateKey = KEY) -> CommitMsg:
    """`MSG` with another commit object, signed and announced as it should be."""
    signed = commit.sign(key)
    blocks = {signed.cid: signed.to_bytes()} | BLOCKS
    return replace(with_blocks(blocks, signed.cid), commit=signed.cid)


def with_op(index: int, **changes: object) -> CommitMsg:
    """`MSG` with one operation altered."""
    ops = list(MSG.ops)
    ops[index] = replace(ops[index], **changes)  # type: ignore[arg-type]
    return replace(MSG, ops=tuple(ops))


def test_honest() -> None:
    """A commit comes out with its operations, record blocks and place in the chain."""
    commit = check(MSG, BEFORE)
    assert commit.chain is Chain.CONTINUES
    assert (commit.did, commit.rev, commit.since) == (MSG.repo, MSG.rev, BEFORE.rev)
    assert (commit.commit_cid, commit.data) == (MSG.commit, COMMIT.data)
    assert records(commit) == {PATHS[0]: None, PATHS[1]: block_of(2), PATHS[30]: block_of(3)}
    assert [op.action for op in commit.ops] == ["delete", "update", "create"]
    assert all(op.problem is None for op in commit.ops)


def test_proof_is_kept() -> None:
    """From a commit that passed, each operation can be proved to somebody else."""
    commit = check(MSG, BEFORE)
    for verified in commit.ops:
        key = f"{verified.collection}/{verified.rkey}".encode()
        signed = Commit.from_bytes(commit.commit_block)
        assert signed.verify(KEY.public_key)
        assert Tree.load(signed.data, dict(commit.tree.path(key))).get(key) == verified.cid


def test_chain() -> None:
    """The chain says what is known of the repo, whatever of it the message does not say."""
    first_seen = check(MSG)
    assert first_seen.chain is Chain.FIRST_SEEN
    assert first_seen.before == check(MSG, BEFORE).before == BEFORE.data
    for gap in (
        RepoState(Tid.from_micros(BEFORE.rev.micros() + 1, 0), BEFORE.data),
        RepoState(BEFORE.rev, EMPTY_ROOT),
    ):
        assert check(MSG, gap).chain is Chain.GAP
    assert check(replace(MSG, since=None), BEFORE).chain is Chain.GAP
    for unsaid in (replace(MSG, prev_data=None), replace(MSG, prev_data=None, since=None)):
        assert check(unsaid, BEFORE).chain is Chain.NO_PREV_DATA
        assert check(unsaid).chain is Chain.NO_PREV_DATA
    assert check(replace(MSG, prev_data=EMPTY_ROOT), BEFORE).chain is Chain.INVERSION_FAILED
    assert check(replace(MSG, ops=MSG.ops[1:]), BEFORE).chain is Chain.INVERSION_FAILED
    assert check(replace(MSG, ops=()), BEFORE).chain is Chain.INVERSION_FAILED
    assert check(with_op(1, prev=MSG.commit), BEFORE).chain is Chain.INVERSION_FAILED


def test_chain_found_later() -> None:
    """Who learns only later what was known gets the same answer as who knew it at once."""
    others = [BEFORE, None, RepoState(BEFORE.rev, EMPTY_ROOT)]
    unproven = [replace(MSG, prev_data=None), replace(MSG, ops=())]
    start = SignedRepo().write({path: block_of(1) for path in PATHS})
    for msg in (MSG, start, *unproven):
        for previous in others if msg is not start else (None,):
            expected = check(msg, previous).chain
            for earlier in others if msg is not start else (None,):
                assert chain(check(msg, earlier), previous) is expected


def test_old_hosts() -> None:
    """Hosts that do not say ``prevData`` may leave out ``prev`` too; their operations count."""
    ops = tuple(replace(op, prev=None) for op in MSG.ops)
    commit = check(replace(MSG, prev_data=None, ops=ops), BEFORE)
    assert commit.chain is Chain.NO_PREV_DATA
    assert records(commit) == records(check(MSG, BEFORE))


def test_genesis() -> None:
    """A repo that begins is complete, with and without records, said in any of three ways."""
    first = SignedRepo()
    nothing = first.write({})
    assert (nothing.since, nothing.prev_data, nothing.ops) == (None, None, ())
    genesis = check(nothing)
    assert (genesis.chain, genesis.data) == (Chain.GENESIS, EMPTY_ROOT)
    assert check(first.write({PATHS[0]: block_of(1)}), state_of(genesis)).chain is Chain.CONTINUES

    start = SignedRepo().write({path: block_of(1) for path in PATHS})
    for msg in (start, replace(start, prev_data=EMPTY_ROOT)):
        assert check(msg).chain is Chain.GENESIS
    assert check(replace(start, ops=start.ops[1:])).chain is Chain.NO_PREV_DATA
    known = RepoState(Tid.from_micros(0, 0), EMPTY_ROOT)
    assert check(start, known).chain is Chain.GAP


def test_no_operations() -> None:
    """A commit without operations, as after a change of key, continues if the tree is the same."""
    repo = SignedRepo()
    repo.write({path: block_of(1) for path in PATHS})
    state = repo.state
    msg = repo.write({})
    blocks = {msg.commit: car.read(msg.blocks).blocks[msg.commit]}
    bare = replace(msg, blocks=car.write([msg.commit], blocks.items()))
    assert check(bare, state).chain is Chain.CONTINUES


def test_partial_proof() -> None:
    """Without a node that inversion needs the operations hold, but the chain does not."""
    repo = SignedRepo()
    repo.write({path: block_of(1) for path in PATHS})
    state = repo.state
    msg = repo.write({KEY_AT[2]: None})
    blocks = car.read(msg.blocks).blocks
    outcomes: set[Chain | RejectReason] = set()
    for missing in blocks.keys() - {msg.commit}:
        rest = [(cid, block) for cid, block in blocks.items() if cid != missing]
        try:
            commit = check(replace(msg, blocks=car.write([msg.commit], rest)), state)
        except Rejected as exc:
            outcomes.add(exc.reason)
        else:
            outcomes.add(commit.chain)
    assert outcomes == {RejectReason.MISSING_PROOF, Chain.INVERSION_FAILED}


def record_of(size: int) -> bytes:
    """A record of so many bytes."""
    return cbor.encode({"text": "x" * (size - 11)})


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        (b"\xa1", RecordProblem.NOT_DRISL),
        (b"\x80", RecordProblem.NOT_DRISL),
        (b"\xa1\x61a\xfb" + bytes(8), RecordProblem.NOT_DRISL),
        (record_of(MAX_RECORD + 1), RecordProblem.TOO_LARGE),
        (record_of(MAX_RECORD), None),
    ],
)
def test_bad_record(block: bytes, problem: RecordProblem | None) -> None:
    """A record that cannot be used leaves its operation without one, and the others alone."""
    repo = SignedRepo()
    commit = check(repo.write({PATHS[0]: block, PATHS[1]: block_of(1)}))
    bad, good = commit.ops
    assert (bad.problem, bad.block) == (problem, None if problem else block)
    assert (bad.cid, good.block) == (Cid.for_cbor(block), block_of(1))
    assert commit.chain is Chain.GENESIS


def test_missing_record() -> None:
    """A record that the host did not send is missing, and only that."""
    commit = check(without_block(Cid.for_cbor(block_of(3))), BEFORE)
    assert commit.chain is Chain.CONTINUES
    assert [op.problem for op in commit.ops] == [None, None, RecordProblem.MISSING]
    assert commit.ops[2].block is None


MISPLACED = Node((KEY_AT[0].encode(),), (MSG.commit,), (None, None))
BROKEN_ROOT = Node((KEY_AT[2].encode(),), (MSG.commit,), (MISPLACED, MISPLACED))


def broken_tree() -> CommitMsg:
    """A signed commit whose tree has a node where no such node may be."""
    signed = replace(COMMIT, data=BROKEN_ROOT.cid).sign(KEY)
    blocks = {signed.cid: signed.to_bytes()}
    blocks |= {node.cid: node.to_bytes() for node in (BROKEN_ROOT, MISPLACED)}
    return replace(
        MSG,
        commit=signed.cid,
        ops=(op("create", KEY_AT[0], MSG.commit, None),),
        blocks=car.write([signed.cid], blocks.items()),
    )


FORGERIES: list[tuple[RejectReason, Callable[[], CommitMsg]]] = [
    (RejectReason.REPLAYED, lambda: replace(MSG, rev=BEFORE.rev)),
    (RejectReason.REPLAYED, lambda: replace(MSG, rev=Tid.from_micros(0, 0))),
    (RejectReason.FUTURE_REV, lambda: replace(MSG, rev=Tid.from_micros(LATER, 0))),
    (RejectReason.TOO_LARGE, lambda: replace(MSG, blocks=bytes(2_000_001))),
    (RejectReason.BAD_OPS, lambda: replace(MSG, ops=(*MSG.ops, MSG.ops[0]))),
    (RejectReason.BAD_OPS, lambda: with_op(0, cid=MSG.commit)),
    (RejectReason.BAD_OPS, lambda: with_op(0, prev=None)),
    (RejectReason.BAD_OPS, lambda: with_op(1, prev=None)),
    (RejectReason.BAD_OPS, lambda: with_op(1, cid=None)),
    (RejectReason.BAD_OPS, lambda: with_op(2, prev=MSG.commit)),
    (RejectReason.BAD_CAR, lambda: replace(MSG, blocks=b"")),
    (RejectReason.BAD_CAR, lambda: replace(MSG, blocks=MSG.blocks[:-1])),
    (RejectReason.BAD_CAR, lambda: replace(MSG, blocks=MSG.blocks[:-1] + b"\x00")),
    (RejectReason.WRONG_ROOT, lambda: without_block(MSG.commit)),
    (RejectReason.WRONG_ROOT, lambda: replace(MSG, blocks=car.write([], BLOCKS.items()))),
    (RejectReason.WRONG_ROOT, lambda: replace(MSG, commit=COMMIT.data)),
    (RejectReason.WRONG_ROOT, lambda: replace(with_commit(COMMIT, KEY), commit=COMMIT.data)),
    (RejectReason.BAD_COMMIT, lambda: with_blocks(BLOCKS, COMMIT.data)),
    (RejectReason.WRONG_REPO, lambda: replace(MSG, repo=Did("did:web:example.com"))),
    (RejectReason.WRONG_REPO, lambda: with_commit(replace(COMMIT, did=Did("did:web:a.com")))),
    (RejectReason.WRONG_REV, lambda: replace(MSG, rev=Tid.from_micros(NOW, 1))),
    (RejectReason.WRONG_REV, lambda: with_commit(replace(COMMIT, rev=BEFORE.rev))),
    (RejectReason.WRONG_REV, lambda: with_commit(replace(COMMIT, rev=Tid.from_micros(NOW, 1)))),
    (RejectReason.BAD_SIGNATURE, lambda: with_commit(COMMIT, STRANGER)),
    (RejectReason.BAD_TREE, broken_tree),
    (RejectReason.MISSING_PROOF, lambda: without_block(COMMIT.data)),
    (RejectReason.MISSING_PROOF, lambda: with_commit(replace(COMMIT, data=BEFORE.data))),
    (RejectReason.NOT_INCLUDED, lambda: with_op(1, cid=MSG.ops[2].cid)),
    (RejectReason.NOT_INCLUDED, lambda: with_op(2, path=PATHS[31])),
    (
        RejectReason.NOT_INCLUDED,
        lambda: replace(MSG, ops=(op("delete", PATHS[30], None, MSG.ops[2].cid),)),
    ),
]


@pytest.mark.parametrize(("reason", "forge"), FORGERIES)
def test_rejected(reason: RejectReason, forge: Callable[[], CommitMsg]) -> None:
    """Whatever is wrong with a commit, it is rejected for that reason."""
    with pytest.raises(Rejected) as caught:
        check(forge(), BEFORE)
    assert caught.value.reason is reason


def test_every_reason_is_tested() -> None:
    """No reason to reject is without a forgery."""
    assert {reason for reason, _ in FORGERIES} == set(RejectReason)


def padded(blocks: bytes, size: int) -> bytes:
    """A CAR of ``size`` bytes, too many for two bytes of length, with a block that nobody needs."""
    filling = bytes(size - len(blocks) - len(MSG.commit) - 3)
    header = len(car.write([MSG.commit], []))
    return blocks + car.write([MSG.commit], [(Cid.for_raw(filling), filling)])[header:]


def test_limits() -> None:
    """What is just within the limits of the specification passes; one more does not."""
    full = replace(MSG, blocks=padded(MSG.blocks, 2_000_000))
    assert check(full, BEFORE).chain is Chain.CONTINUES
    repo = SignedRepo()
    many = repo.write({f"com.example.note/x{number}": block_of(number) for number in range(200)})
    assert check(many).chain is Chain.GENESIS
    for passed in (
        replace(MSG, blocks=padded(MSG.blocks, 2_000_001)),
        replace(many, ops=(*many.ops, op("delete", PATHS[0], None, None))),
    ):
        with pytest.raises(Rejected) as caught:
            check(passed)
        assert caught.value.reason is RejectReason.TOO_LARGE


def test_clock() -> None:
    """A revision may be five minutes ahead of our clock and no more."""
    late = MSG.rev.micros() - 5 * 60 * 1_000_000
    assert check_commit(MSG, KEY.public_key, BEFORE, late).rev == MSG.rev
    with pytest.raises(Rejected) as caught:
        check_commit(MSG, KEY.public_key, BEFORE, late - 1)
    assert caught.value.reason is RejectReason.FUTURE_REV


def test_any_flipped_bit() -> None:
    """No bit of the blocks can be changed unnoticed."""
    honest = check(MSG, BEFORE)
    for at in range(len(MSG.blocks)):
        blocks = bytearray(MSG.blocks)
        blocks[at] ^= 1 << at % 8
        try:
            commit = check(replace(MSG, blocks=bytes(blocks)), BEFORE)
        except Rejected:
            continue
        pytest.fail(f"byte {at} was changed and {commit} passed, as {honest} had")


def test_sync() -> None:
    """``#sync`` states what the repo is, and is checked as far as it goes."""
    repo = SignedRepo()
    repo.write({PATHS[0]: block_of(1)})
    msg = repo.sync()
    verified = check_sync(msg, KEY.public_key, NOW)
    assert RepoState(verified.rev, verified.data) == repo.state
    assert verified.did == repo.did
    assert verified.commit_cid == car.read(msg.blocks).roots[0]


SYNC = SignedRepo().sync()


@pytest.mark.parametrize(
    ("reason", "msg"),
    [
        (RejectReason.TOO_LARGE, replace(SYNC, blocks=bytes(10_001))),
        (RejectReason.BAD_CAR, replace(SYNC, blocks=bytes(10_000))),
        (RejectReason.BAD_CAR, replace(SYNC, blocks=SYNC.blocks[:-1])),
        (RejectReason.WRONG_ROOT, replace(SYNC, blocks=car.write([MSG.commit], []))),
        (RejectReason.BAD_COMMIT, replace(SYNC, blocks=with_blocks(BLOCKS, COMMIT.data).blocks)),
        (RejectReason.WRONG_REPO, replace(SYNC, did=Did("did:web:example.com"))),
        (RejectReason.WRONG_REV, replace(SYNC, rev=Tid.from_micros(NOW, 1))),
        (RejectReason.FUTURE_REV, replace(SYNC, rev=Tid.from_micros(LATER, 1))),
    ],
)
def test_sync_rejected(reason: RejectReason, msg: SyncMsg) -> None:
    """A bad ``#sync`` is rejected for what is wrong with it."""
    with pytest.raises(Rejected) as caught:
        check_sync(msg, KEY.public_key, NOW)
    assert caught.value.reason is reason


def test_sync_of_a_stranger() -> None:
    """``#sync`` has to be signed with the account's key."""
    with pytest.raises(Rejected) as caught:
        check_sync(SYNC, STRANGER.public_key, NOW)
    assert caught.value.reason is RejectReason.BAD_SIGNATURE
