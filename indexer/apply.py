"""One verified event to rows, inside the writer's transaction.

Laws (design §5): every write is ordered by the repo's ``rev``, so replaying any event, any number
of times, changes nothing; a delete leaves a durable tombstone with its rev; operations proven by
signature and inclusion are applied at once, whether the repo is known to be complete or not, and
``repos`` says which of the two it is.
"""

from __future__ import annotations

import apsw

from atp import cbor
from atp.cbor import Value
from atp.frames import AccountMsg, IdentityMsg
from atp.runtime import eventlog
from atp.sync import (
    Chain,
    RecordProblem,
    RepoState,
    VerifiedCommit,
    VerifiedOp,
    VerifiedSync,
    chain,
)
from atp.syntax import AtUri, Nsid
from atp.tid import Tid
from indexer import accounts
from indexer.event import Deferred, Outcome, Refused
from indexer.judge import Judgement, judge, sort_key
from indexer.reasons import Drop
from indexer.records import Collection, collections
from indexer.records.row import Row
from indexer.store import handles, proofs, repos, rows, waiting
from indexer.store.repos import IN_PROGRESS, Desync
from indexer.verdict import APPLIED, REPLAYED, Applied, Verdict
from lexicons.catalog import Catalog
from lexicons.names import FOREIGN_PROFILE, Names

_INCOMPLETE = {
    Chain.FIRST_SEEN: Desync.FIRST_SEEN,
    Chain.GAP: Desync.GAP,
    Chain.NO_PREV_DATA: Desync.NO_PREV_DATA,
    Chain.INVERSION_FAILED: Desync.INVERSION_FAILED,
}


class Applier:
    """Applies events with one namespace's lexicons; holds no other state."""

    def __init__(self, names: Names, catalog: Catalog) -> None:
        self._names = names
        self._catalog = catalog
        self._collections: dict[str, Collection] = collections(names)

    @property
    def collections(self) -> list[Nsid]:
        """What is indexed, ours and the profile that goes with it."""
        return [*self._names.collections, FOREIGN_PROFILE]

    def apply(self, conn: apsw.Connection, outcome: Outcome, now: int) -> Applied:
        """Write one event; ``now`` in microseconds."""
        match outcome:
            case VerifiedCommit():
                return self._commit(conn, outcome, now)
            case VerifiedSync():
                return _sync(conn, outcome, now)
            case AccountMsg():
                return accounts.apply_status(conn, outcome, self._collections.values(), now)
            case IdentityMsg():
                return accounts.apply_identity(conn, outcome, now)
            case Deferred():
                _defer(conn, outcome, now)
                return Applied(Verdict.DEFERRED, outcome.reason)
            case Refused():
                return Applied(Verdict.REJECTED, outcome.reason)

    def _commit(self, conn: apsw.Connection, commit: VerifiedCommit, now: int) -> Applied:
        ours = [op for op in commit.ops if op.collection in self._collections]
        actor = rows.find_actor(conn, commit.did)
        if actor is not None and actor.upstream_status == "deleted":
            return Applied(Verdict.REJECTED, Drop.ACCOUNT_DELETED)
        repo = None if actor is None else repos.find(conn, actor.id)
        if repo is None and not ours:
            return APPLIED  # it moves the state of a repo that we hold nothing of
        head = None if repo is None else repo.head
        if head is not None and commit.rev <= head.rev:
            return REPLAYED
        actor = actor or rows.actor(conn, commit.did)
        if head is None:
            handles.schedule(conn, actor.id, now)
        for op in ours:
            self._op(conn, actor, op, commit.rev, now)
        proofs.keep(conn, actor.id, commit, ours)
        link = chain(commit, head)
        reason = _INCOMPLETE.get(link)
        if link is Chain.CONTINUES and repo is not None:
            reason = repo.reason  # what was missing before is still missing
        whole = not any(op.problem is RecordProblem.MISSING for op in ours)
        reason = reason or (None if whole else Desync.RECORD_MISSING)
        here = RepoState(commit.rev, commit.data)
        if repo is not None and repo.state == IN_PROGRESS:
            before = commit.before if whole else None
            waiting.commit(conn, actor.id, commit.since, before, here)
        repos.put(conn, actor.id, head=here, reason=reason, now=now)
        return APPLIED

    def _op(
        self, conn: apsw.Connection, actor: rows.Actor, op: VerifiedOp, rev: Tid, now: int
    ) -> None:
        record = rows.record(conn, actor.id, op.collection, op.rkey)
        if record.rev is None or rev > record.rev:
            self._write(conn, actor, record, op, rev=rev, now=now)

    def repair(
        self, conn: apsw.Connection, actor: rows.Actor, op: VerifiedOp, rev: Tid, now: int
    ) -> None:
        """Write what a whole repo at ``rev`` says of one record, unless a newer commit did."""
        record = rows.record(conn, actor.id, op.collection, op.rkey)
        if record.rev is None or rev >= record.rev:
            self._write(conn, actor, record, op, rev=rev, now=now, repair=True)

    def _write(
        self,
        conn: apsw.Connection,
        actor: rows.Actor,
        record: rows.Record,
        op: VerifiedOp,
        *,
        rev: Tid,
        now: int,
        repair: bool = False,
    ) -> None:
        collection = self._collections[op.collection]
        counted = op.collection != FOREIGN_PROFILE
        if record.live:
            collection.unindex(conn, Row(record.id, actor.id, actor.active, 0))
        if op.cid is None:
            rows.bury(conn, record.id, rev)
            change = -1 if record.live else 0
        else:
            first_seen = (record.first_seen if record.live else None) or now
            self._store(conn, actor, record.id, op, rev=rev, first_seen=first_seen)
            change = 0 if record.live else 1
        if counted:
            rows.count_records(conn, actor.id, change)
        _log(conn, actor, op, rev, now, repair=repair)

    def _store(
        self,
        conn: apsw.Connection,
        actor: rows.Actor,
        record: int,
        op: VerifiedOp,
        *,
        rev: Tid,
        first_seen: int,
    ) -> None:
        assert op.cid is not None, "a delete stores nothing"
        value = {} if op.block is None else cbor.decode_map(op.block)
        judgement = self._judge(op, value)
        rows.write(
            conn,
            record,
            rev=rev,
            cid=op.cid,
            value=op.block,
            first_seen=first_seen,
            valid=judgement.valid,
            problems=judgement.as_json(),
        )
        if judgement.valid:
            row = Row(record, actor.id, actor.active, sort_key(value, first_seen))
            self._collections[op.collection].index(conn, row, value)

    def _judge(self, op: VerifiedOp, value: dict[str, Value]) -> Judgement:
        if op.block is None:
            return Judgement(False, (f"the commit came without a usable record: {op.problem}",))
        return judge(self._catalog, self._names, op.collection, op.rkey, value)


def _log(
    conn: apsw.Connection,
    actor: rows.Actor,
    op: VerifiedOp,
    rev: Tid,
    now: int,
    *,
    repair: bool,
) -> None:
    uri = AtUri.of(actor.did, op.collection, op.rkey)
    entry: dict[str, Value] = {"uri": uri, "rev": rev}
    if op.cid is not None:
        entry["cid"] = op.cid
    if repair:
        entry["repair"] = True
    eventlog.append(conn, now, op.action, cbor.encode(entry))


def _sync(conn: apsw.Connection, sync: VerifiedSync, now: int) -> Applied:
    actor = rows.find_actor(conn, sync.did)
    repo = None if actor is None else repos.find(conn, actor.id)
    if actor is None or repo is None:
        return APPLIED
    if repo.head is not None and sync.rev <= repo.head.rev:
        return REPLAYED
    here = RepoState(sync.rev, sync.data)
    if repo.state == IN_PROGRESS:
        waiting.announcement(conn, actor.id, here)
    if repo.head is not None and sync.data == repo.head.data:
        repos.put(conn, actor.id, head=here, reason=repo.reason, now=now)
    else:
        reason = repo.reason or Desync.SYNC_EVENT
        repos.put(conn, actor.id, head=repo.head, reason=reason, now=now)
    return APPLIED


def _defer(conn: apsw.Connection, deferred: Deferred, now: int) -> None:
    actor = rows.actor(conn, deferred.did)
    repo = repos.find(conn, actor.id)
    head = None if repo is None else repo.head
    if repo is not None and repo.state == IN_PROGRESS:
        waiting.unknown(conn, actor.id)
    repos.put(conn, actor.id, head=head, reason=deferred.reason, now=now)
    if repo is None:
        handles.schedule(conn, actor.id, now)
