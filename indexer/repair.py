"""Making the index what a fetched repo says, in bounded transactions, deletions included.

Each step compares afresh what is held with the snapshot, so whatever commits were applied since the
last step are respected: a record with a newer rev than the snapshot's is left alone. The step that
finds no more than it can write at once also decides whether the repo is complete, in the same
transaction: it is when the commits that came during the fetch follow on the snapshot without a gap
(`indexer.store.waiting`). A kill between two steps leaves proven records and an open question.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

import apsw

from atp.cid import Cid
from atp.frames import Action
from atp.sync import RecordProblem, VerifiedOp
from atp.syntax import Nsid, RecordKey
from indexer.apply import Applier, Written, settle
from indexer.failure import Failure, ResyncFailed
from indexer.snapshot import Snapshot
from indexer.store import checks, repos, resync, rows, waiting
from indexer.store.repos import Desync
from indexer.store.resync import Claim

STEP = 2_000
"""Records written in one transaction, so that live events never wait long."""


class Step(Enum):
    """How far a repair has come."""

    MORE = auto()
    DONE = auto()
    INCOMPLETE = auto()  # all that the host has is written; it lacks records that it lists
    VOID = auto()  # the claim is gone: the account was deleted, or its repo is complete by itself


def most(claim: Claim, snapshot: Snapshot) -> int:
    """How many records a step may write: what is held and not found is deleted."""
    return min(max(len(snapshot.records), claim.held), STEP)


def step(
    conn: apsw.Connection,
    applier: Applier,
    claim: Claim,
    snapshot: Snapshot,
    *,
    now: int,
    due_at: int,
) -> Step:
    """Write the next part; times in microseconds. Raises `ResyncFailed`."""
    if not resync.holds(conn, claim):
        return Step.VOID
    if claim.head is not None and snapshot.state.rev < claim.head.rev:
        raise ResyncFailed(Failure.STALE, f"{snapshot.state.rev} is before {claim.head.rev}")
    end = waiting.follow(conn, claim.actor, snapshot.state)
    if end is None:
        raise ResyncFailed(Failure.MOVED_ON, f"commits do not follow on {snapshot.state.rev}")
    actor = rows.actor(conn, claim.did)
    origin = rows.origin(conn, snapshot.pds, repair=True)
    written: list[Written | None] = []
    missing = 0
    for op in _differences(conn, claim, snapshot, applier.collections):
        if op is None or op.problem is RecordProblem.MISSING:
            missing += 1
        if op is not None:
            if len(written) == STEP:
                settle(conn, actor, written, now)
                return Step.MORE
            rev = snapshot.state.rev
            written.append(applier.repair(conn, actor, op, rev=rev, now=now, origin=origin))
    settle(conn, actor, written, now)
    checks.fetched(conn, claim.actor, snapshot.state, snapshot.blocks.root, now)
    if missing:
        repos.put(conn, claim.actor, head=end, reason=Desync.RECORD_MISSING, now=now)
        detail = f"{missing} records are not among the blocks"
        resync.fail(conn, claim, due_at, Failure.RECORD_MISSING, detail)
        return Step.INCOMPLETE
    commit = snapshot.blocks.root if end == snapshot.state else None
    resync.succeed(conn, claim, end, commit, now=now, due_at=due_at)
    return Step.DONE


def _differences(
    conn: apsw.Connection, claim: Claim, snapshot: Snapshot, collections: list[Nsid]
) -> Iterator[VerifiedOp | None]:
    """What has to be written; held records that are newer than the snapshot are none of it.

    None stands for a record whose bytes we lack, and the snapshot too.
    """
    held = {row[:2]: row[2:] for row in resync.held(conn, claim.actor)}
    for (nsid, rkey), cid in snapshot.records.items():
        rev, at, readable = held.pop((nsid, rkey), (None, None, False))
        if rev is not None and rev > snapshot.state.rev:
            continue
        if at != cid:
            yield _write("update" if at is not None else "create", nsid, rkey, cid, snapshot)
        elif not readable:
            op = _write("update", nsid, rkey, cid, snapshot)
            if op.problem is None:
                yield op
            elif op.problem is RecordProblem.MISSING:
                yield None
    for (nsid, rkey), (rev, at, _) in held.items():
        if at is not None and nsid in collections and not (rev or "") > snapshot.state.rev:
            yield VerifiedOp.delete(Nsid(nsid), RecordKey(rkey))


def _write(action: Action, nsid: str, rkey: str, cid: Cid, snapshot: Snapshot) -> VerifiedOp:
    return VerifiedOp.write(action, Nsid(nsid), RecordKey(rkey), cid, snapshot.blocks.get(cid))
