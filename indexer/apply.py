"""One verified event to rows, inside the writer's transaction.

Laws (design §5): every write is ordered by the repo's ``rev``, so replaying any event, any number
of times, changes nothing; a delete leaves a durable tombstone with its rev; operations proven by
signature and inclusion are applied at once, whether the repo is known to be complete or not, and
``repos`` says which of the two it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apsw

from atp import cbor
from atp.cbor import Value
from atp.cid import Cid
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
from indexer.follows import followed_in
from indexer.judge import Judgement, judge, sort_key
from indexer.reasons import Drop
from indexer.records import Collection, collections
from indexer.records.row import Row
from indexer.store import follows, handles, proofs, repos, resync, rows, sought, statuses, waiting
from indexer.store.repos import IN_PROGRESS, Desync
from indexer.store.rows import Origin
from indexer.verdict import APPLIED, REPLAYED, Applied, Verdict
from lexicons.catalog import Catalog
from lexicons.names import FOREIGN_PROFILE, Names

_INCOMPLETE = {
    Chain.FIRST_SEEN: Desync.FIRST_SEEN,
    Chain.GAP: Desync.GAP,
    Chain.NO_PREV_DATA: Desync.NO_PREV_DATA,
    Chain.INVERSION_FAILED: Desync.INVERSION_FAILED,
}


@dataclass(frozen=True, slots=True)
class Written:
    """What is left to do after a record was written, once for many of them (`settle`).

    ``change`` is that of the account's number of live records; ``entry`` is for the event log.
    """

    change: int
    action: str
    entry: bytes


class Applier:
    """Applies events with one namespace's lexicons; holds no other state."""

    def __init__(self, names: Names, catalog: Catalog) -> None:
        self._names = names
        self._catalog = catalog
        self._collections: dict[str, Collection] = collections(names)
        self._references: dict[str, sought.References] = {
            names.like: "likes",
            names.comment: "comments",
            names.list: "list_items",
        }

    @property
    def collections(self) -> list[Nsid]:
        """What is indexed, ours and the profile that goes with it."""
        return [*self._names.collections, FOREIGN_PROFILE]

    def apply(self, conn: apsw.Connection, outcome: Outcome, now: int, source: str) -> Applied:
        """Write one event that ``source`` (its URL) gave; ``now`` in microseconds."""
        match outcome:
            case VerifiedCommit():
                return self._commit(conn, outcome, now, source)
            case VerifiedSync():
                return _sync(conn, outcome, now)
            case AccountMsg():
                follows.doubt(conn, outcome.did, now)
                return accounts.apply_status(conn, outcome, source, now)
            case IdentityMsg():
                return accounts.apply_identity(conn, outcome, now)
            case Deferred():
                _defer(conn, outcome, now)
                return Applied(Verdict.DEFERRED, outcome.reason)
            case Refused():
                return Applied(Verdict.REJECTED, outcome.reason)

    def _commit(
        self, conn: apsw.Connection, commit: VerifiedCommit, now: int, source: str
    ) -> Applied:
        ours = [op for op in commit.ops if op.collection in self._collections]
        if followed := followed_in(commit):
            follows.commit(conn, commit.did, followed, commit.rev)
        actor = rows.find_actor(conn, commit.did)
        if actor is not None and not actor.upstream_active:
            statuses.doubt(conn, actor.id, now)  # a hidden account that writes may be back
            if statuses.is_purged(conn, actor.id):
                return Applied(Verdict.REJECTED, Drop.ACCOUNT_DELETED)
        repo = None if actor is None else repos.find(conn, actor.id)
        if repo is None and not ours:
            return APPLIED  # it moves the state of a repo that we hold nothing of
        head = None if repo is None else repo.head
        if head is not None and commit.rev <= head.rev:
            return REPLAYED
        actor = actor or rows.actor(conn, commit.did)
        if head is None and ours:
            handles.schedule(conn, actor.id, now)
        self._ops(conn, actor, ours, rev=commit.rev, now=now, source=source)
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
        if ours or repo is None or not repo.unproven:
            repos.put(conn, actor.id, head=here, reason=reason, now=now, commit=commit.commit_cid)
        resync.verified(conn, actor.id, now)
        return APPLIED

    def _ops(
        self,
        conn: apsw.Connection,
        actor: rows.Actor,
        ops: Sequence[VerifiedOp],
        *,
        rev: Tid,
        now: int,
        source: str,
    ) -> None:
        if ops:
            origin = rows.origin(conn, source)
            written = [self._op(conn, actor, op, rev=rev, now=now, origin=origin) for op in ops]
            settle(conn, actor, written, now)

    def _op(
        self,
        conn: apsw.Connection,
        actor: rows.Actor,
        op: VerifiedOp,
        *,
        rev: Tid,
        now: int,
        origin: Origin,
    ) -> Written | None:
        record = rows.record(conn, actor.id, op.collection, op.rkey)
        if record.rev is not None and rev <= record.rev:
            return None
        return self._write(conn, actor, record, op, rev=rev, now=now, origin=origin)

    def repair(
        self,
        conn: apsw.Connection,
        actor: rows.Actor,
        op: VerifiedOp,
        *,
        rev: Tid,
        now: int,
        origin: Origin,
    ) -> Written | None:
        """Write what a whole repo at ``rev`` says of one record, unless a newer commit did.

        What comes back is for `settle`.
        """
        record = rows.record(conn, actor.id, op.collection, op.rkey)
        if record.rev is not None and rev < record.rev:
            return None
        return self._write(conn, actor, record, op, rev=rev, now=now, origin=origin)

    def _write(
        self,
        conn: apsw.Connection,
        actor: rows.Actor,
        record: rows.Record,
        op: VerifiedOp,
        *,
        rev: Tid,
        now: int,
        origin: Origin,
    ) -> Written:
        if was_live := record.key is not None and record.live:
            row = Row(record.key, actor.id, actor.active, 0)
            self._collections[op.collection].unindex(conn, row)
        if op.cid is None:
            rows.bury(conn, record, rev)
        else:
            first = (record.first_seen if was_live else None) or now
            self._store(
                conn,
                actor,
                record,
                op,
                cid=op.cid,
                rev=rev,
                first_seen=first,
                now=now,
                origin=origin,
            )
        change = (op.cid is not None) - was_live
        counted = op.collection != FOREIGN_PROFILE
        return Written(change if counted else 0, op.action, _entry(actor, op, rev, origin))

    def _store(
        self,
        conn: apsw.Connection,
        actor: rows.Actor,
        record: rows.Record,
        op: VerifiedOp,
        *,
        cid: Cid,
        rev: Tid,
        first_seen: int,
        now: int,
        origin: Origin,
    ) -> None:
        """Store a version of a record, and its typed rows if it is valid."""
        judgement = self._judge(op)
        valid, problems = judgement.valid, judgement.as_json()
        version = rows.Version(rev, cid, op.block, first_seen, valid, problems, origin)
        key = rows.write(conn, record, version)
        if valid and op.value is not None:
            row = Row(key, actor.id, actor.active, sort_key(op.value, first_seen))
            known = self._collections[op.collection].index(conn, row, op.value)
            references = self._references.get(op.collection)
            if not known and references is not None and actor.active:
                ours = self._names.collections
                sought.seek(conn, references, key, actor.id, collections=ours, now=now)

    def _judge(self, op: VerifiedOp) -> Judgement:
        if op.value is None:
            return Judgement(False, (f"the commit came without a usable record: {op.problem}",))
        return judge(self._catalog, self._names, op.collection, op.rkey, op.value)


def settle(
    conn: apsw.Connection, actor: rows.Actor, written: Iterable[Written | None], now: int
) -> None:
    """Count and log what was written of one account's records, in that order."""
    done = [one for one in written if one is not None]
    if done:
        rows.count_records(conn, actor.id, sum(one.change for one in done))
        eventlog.append_all(conn, now, [(one.action, one.entry) for one in done])


def _entry(actor: rows.Actor, op: VerifiedOp, rev: Tid, origin: Origin) -> bytes:
    uri = AtUri.of(actor.did, op.collection, op.rkey)
    entry: dict[str, Value] = {"uri": uri, "rev": rev}
    if op.cid is not None:
        entry["cid"] = op.cid
    if origin.repair:
        entry["repair"] = True
    return cbor.encode(entry)


def _sync(conn: apsw.Connection, sync: VerifiedSync, now: int) -> Applied:
    follows.doubt(conn, sync.did, now)
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
        repos.put(conn, actor.id, head=here, reason=repo.reason, now=now, commit=sync.commit_cid)
    else:
        reason = repo.reason or Desync.SYNC_EVENT
        repos.put(conn, actor.id, head=repo.head, reason=reason, now=now)
    return APPLIED


def _defer(conn: apsw.Connection, deferred: Deferred, now: int) -> None:
    is_viewer = follows.doubt(conn, deferred.did, now)
    actor = rows.actor(conn, deferred.did)
    repo = repos.find(conn, actor.id)
    head = None if repo is None else repo.head
    if repo is not None and repo.state == IN_PROGRESS:
        waiting.unknown(conn, actor.id)
    if repo is None or not repo.unproven:
        # A viewer's repo may have nothing of ours, which its PDS is asked about first.
        reason = Desync.DISCOVERED if repo is None and is_viewer else deferred.reason
        repos.put(conn, actor.id, head=head, reason=reason, now=now)
    if repo is None:
        handles.schedule(conn, actor.id, now)
