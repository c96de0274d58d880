"""What a consumer has to check before it believes ``#commit`` and ``#sync`` (spec §1.6, §1.10).

`check_commit` checks, and raises `Rejected` where any of it fails: the limits on operations and
sizes; that ``rev`` is later than the last one seen and not in the future; that the CAR is whole
and every block is what its CID names; that the commit is its root, well formed, of this account and
this revision, and signed with ``key``; that each operation is well formed, no path comes twice, and
the signed tree has every record as its operation says.

It does not reject for what is true but not all of the truth: `Chain` says whether the repo is
complete for someone who was complete at ``previous``. Nor for a record that is missing, too large
or no DRISL: its operation carries the `RecordProblem` and no block, the others go ahead.

It does not check that ``key`` is the account's current one, that the account is active, that the
host may speak for it, what ``seq`` and ``time`` claim, or that records fit their lexicons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from atp import car, cbor
from atp.cbor import Value
from atp.cid import Cid
from atp.commit import Commit
from atp.errors import (
    CarError,
    CborError,
    CommitError,
    MissingBlock,
    MstError,
    Rejected,
    RejectReason,
)
from atp.frames import MAX_OPS, Action, CommitMsg, RepoOp, SyncMsg
from atp.keys import PublicKey
from atp.mst_tree import Tree
from atp.operation import invert, is_borne_out, problem
from atp.syntax import Did, Nsid, RecordKey
from atp.tid import Tid

MAX_COMMIT_BLOCKS = 2_000_000
"""Bytes in the CAR of a commit."""
MAX_SYNC_BLOCKS = 10_000
MAX_RECORD = 2**20
"""Bytes in one record."""
MAX_AHEAD_MICROS = 5 * 60 * 1_000_000
"""How far a revision may lie in the future."""
EMPTY_ROOT: Final = Tree.empty().root
"""The root of a repo without records."""


class Chain(StrEnum):
    """Whether a commit leads from what was known to a complete repo."""

    GENESIS = "genesis"
    """Nothing was known, and the commit's operations are all that the repo has. Complete."""
    CONTINUES = "continues"
    """The commit follows on what was known. Complete."""
    FIRST_SEEN = "first_seen"
    """Nothing was known of the repo, which had records before."""
    GAP = "gap"
    """Between what was known and this commit there were others."""
    NO_PREV_DATA = "no_prev_data"
    """The host does not say what the tree was before, so nothing shows what was left out."""
    INVERSION_FAILED = "inversion_failed"
    """Undoing the operations does not give the tree from before, or the proof is too small."""


class RecordProblem(StrEnum):
    """Why the record of an operation cannot be had from its commit."""

    MISSING = "missing"
    TOO_LARGE = "too_large"
    NOT_DRISL = "not_drisl"


@dataclass(frozen=True, slots=True)
class RepoState:
    """What a repo was last known to be: the revision and the root of its tree."""

    rev: Tid
    data: Cid


@dataclass(frozen=True, slots=True)
class VerifiedOp:
    """An operation that the account has signed for.

    ``cid`` is None for a delete. ``block`` holds the record, a DRISL map, which ``value`` is; both
    are None for a delete and where there is a ``problem``.
    """

    action: Action
    collection: Nsid
    rkey: RecordKey
    cid: Cid | None
    block: bytes | None
    value: dict[str, Value] | None = field(compare=False)
    problem: RecordProblem | None = None

    @classmethod
    def delete(cls, collection: Nsid, rkey: RecordKey) -> Self:
        """The end of a record."""
        return cls("delete", collection, rkey, None, None, None)

    @classmethod
    def write(
        cls, action: Action, collection: Nsid, rkey: RecordKey, cid: Cid, block: bytes | None
    ) -> Self:
        """A record, with its block as it came; None where it did not come."""
        value: dict[str, Value] | None = None
        problem: RecordProblem | None = None
        if block is None:
            problem = RecordProblem.MISSING
        elif len(block) > MAX_RECORD:
            problem = RecordProblem.TOO_LARGE
        else:
            try:
                value = cbor.decode_map(block)
            except CborError:
                problem = RecordProblem.NOT_DRISL
        return cls(action, collection, rkey, cid, None if problem else block, value, problem)


@dataclass(frozen=True, slots=True)
class VerifiedCommit:
    """A commit that passed every check.

    ``chain`` is how it goes on from the ``previous`` that it was checked against. ``before`` is the
    root of the tree before it, None where inversion does not prove it. ``commit_block`` and
    `Tree.path` of ``tree``, the signed tree as far as the message showed it, prove any operation
    to somebody else.
    """

    did: Did
    rev: Tid
    since: Tid | None
    data: Cid
    commit_cid: Cid
    ops: tuple[VerifiedOp, ...]
    chain: Chain
    before: Cid | None
    commit_block: bytes = field(repr=False)
    tree: Tree = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class VerifiedSync:
    """What an account has signed its repo to be."""

    did: Did
    rev: Tid
    data: Cid
    commit_cid: Cid


def check_commit(
    msg: CommitMsg, key: PublicKey, previous: RepoState | None, now_micros: int
) -> VerifiedCommit:
    """The commit in ``msg``, signed with ``key``, after ``previous``, None if nothing is known.

    ``now_micros`` is in µs since the epoch. Raises `Rejected`.
    """
    if previous is not None and msg.rev <= previous.rev:
        raise Rejected(RejectReason.REPLAYED, f"{msg.rev} is not after {previous.rev}")
    _check_ops(msg)
    blocks, cid, commit = _signed_commit(msg, msg.repo, MAX_COMMIT_BLOCKS, key, now_micros)
    if cid != msg.commit:
        raise Rejected(RejectReason.WRONG_ROOT, f"the root is {cid}, announced was {msg.commit}")
    tree = Tree.load(commit.data, blocks)
    _check_inclusion(msg, tree)
    before = _before(msg, tree)
    if before is not None:
        link = _link(msg.since, before, previous)
    else:
        link = Chain.NO_PREV_DATA if msg.prev_data is None else Chain.INVERSION_FAILED
    return VerifiedCommit(
        did=commit.did,
        rev=commit.rev,
        since=msg.since,
        data=commit.data,
        commit_cid=cid,
        ops=tuple([_verified(op, blocks) for op in msg.ops]),
        chain=link,
        before=before,
        commit_block=blocks[cid],
        tree=tree,
    )


def chain(commit: VerifiedCommit, previous: RepoState | None) -> Chain:
    """How ``commit`` goes on from ``previous``, whatever state it was checked against.

    For who verifies commits out of order and learns what was known when applying them in order;
    that ``rev`` is later than ``previous.rev`` is then theirs to see.
    """
    return commit.chain if commit.before is None else _link(commit.since, commit.before, previous)


def check_sync(msg: SyncMsg, key: PublicKey, now_micros: int) -> VerifiedSync:
    """The commit in ``msg``, signed with ``key``; whether it is news is for the caller to see.

    Raises `Rejected`.
    """
    _, cid, commit = _signed_commit(msg, msg.did, MAX_SYNC_BLOCKS, key, now_micros)
    return VerifiedSync(commit.did, commit.rev, commit.data, cid)


def _signed_commit(
    msg: CommitMsg | SyncMsg, did: Did, limit: int, key: PublicKey, now_micros: int
) -> tuple[Mapping[Cid, bytes], Cid, Commit]:
    """The blocks of ``msg`` and the commit at their root, with its CID."""
    if msg.rev.micros() > now_micros + MAX_AHEAD_MICROS:
        raise Rejected(RejectReason.FUTURE_REV, f"{msg.rev} lies in the future")
    if len(msg.blocks) > limit:
        raise Rejected(RejectReason.TOO_LARGE, f"blocks of {len(msg.blocks)} bytes")
    try:
        file = car.read(msg.blocks)
        cid = file.roots[0]
        commit = Commit.from_bytes(file.blocks[cid])
    except CarError as exc:
        raise Rejected(RejectReason.BAD_CAR, str(exc)) from exc
    except LookupError as exc:
        raise Rejected(RejectReason.WRONG_ROOT, "the CAR has no block at its root") from exc
    except CommitError as exc:
        raise Rejected(RejectReason.BAD_COMMIT, str(exc)) from exc
    if commit.did != did:
        raise Rejected(RejectReason.WRONG_REPO, f"{did} announced a commit of {commit.did}")
    if commit.rev != msg.rev:
        raise Rejected(RejectReason.WRONG_REV, f"the commit is {commit.rev}, not {msg.rev}")
    if not commit.verify(key):
        raise Rejected(RejectReason.BAD_SIGNATURE, f"of commit {cid} by {key.did_key()}")
    return file.blocks, cid, commit


def _check_ops(msg: CommitMsg) -> None:
    if len(msg.ops) > MAX_OPS:
        raise Rejected(RejectReason.TOO_LARGE, f"{len(msg.ops)} operations")
    if len({op.path for op in msg.ops}) < len(msg.ops):
        raise Rejected(RejectReason.BAD_OPS, "two operations have the same path")
    for op in msg.ops:
        wrong = problem(op, prev_required=msg.prev_data is not None)
        if wrong is not None:
            raise Rejected(RejectReason.BAD_OPS, wrong)


def _check_inclusion(msg: CommitMsg, tree: Tree) -> None:
    for op in msg.ops:
        try:
            included = is_borne_out(op, tree)
        except MissingBlock as exc:
            raise Rejected(RejectReason.MISSING_PROOF, f"of {op.path}: {exc}") from exc
        except MstError as exc:
            raise Rejected(RejectReason.BAD_TREE, str(exc)) from exc
        if not included:
            raise Rejected(RejectReason.NOT_INCLUDED, f"{op.action} of {op.path}")


def _verified(op: RepoOp, blocks: Mapping[Cid, bytes]) -> VerifiedOp:
    if op.cid is None:
        return VerifiedOp.delete(op.collection, op.rkey)
    return VerifiedOp.write(op.action, op.collection, op.rkey, op.cid, blocks.get(op.cid))


def _before(msg: CommitMsg, tree: Tree) -> Cid | None:
    """The root before the commit, whose operations ``tree`` bears out; None without proof of it.

    A commit that follows on nothing has no tree before it, so its ``prevData`` goes without saying:
    it is that of the empty repo.
    """
    before = EMPTY_ROOT if msg.prev_data is None and msg.since is None else msg.prev_data
    if before is None:
        return None
    try:
        inverted = invert(tree, msg.ops)
    except MstError:
        return None
    return before if inverted.root == before else None


def _link(since: Tid | None, before: Cid, previous: RepoState | None) -> Chain:
    """How a commit that is known to be all of what happened goes on from ``previous``."""
    if previous is None:
        return Chain.GENESIS if before == EMPTY_ROOT else Chain.FIRST_SEEN
    continues = (since, before) == (previous.rev, previous.data)
    return Chain.CONTINUES if continues else Chain.GAP
