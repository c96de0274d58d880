"""``#account`` and ``#identity`` events, a PDS's word and the operator's: who is shown.

An event is stored and raises a question; nothing is shown or hidden at that moment. The answer,
judged by the table of `indexer.hosting`, is applied in one transaction: a hidden account gives
nothing to others' counters and comes back exactly; a deleted one is purged, and its repo must be
fetched again if it ever returns. The operator's own takedown, a label, hides as well and stays
apart: neither shows what the other hides (docs/decisions/0012-operators-takedown.md).
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from atp import cbor
from atp.errors import InvalidIdentifier
from atp.frames import AccountMsg, IdentityMsg
from atp.runtime import eventlog
from atp.syntax import Datetime, Did
from indexer.hosting import MAX_STATUS, STATEMENTS, Hosting, Reply, Told, decide, wait
from indexer.records import Collection, counters
from indexer.store import handles, labels, repos, resync, rows, statuses
from indexer.store.repos import Desync
from indexer.store.statuses import Question
from indexer.verdict import APPLIED, REPLAYED, Applied


def apply_status(conn: apsw.Connection, event: AccountMsg, source: str | None, now: int) -> Applied:
    """Remember what is told of an account that we know; ``now`` in microseconds."""
    actor = rows.find_actor(conn, event.did)
    if actor is None:
        return APPLIED
    status = None if event.active or event.status is None else event.status[:MAX_STATUS]
    told = Told(event.active, status, min(_micros(event.time, now), now))
    return APPLIED if statuses.tell(conn, actor.id, told, source, now) else REPLAYED


def apply_identity(conn: apsw.Connection, event: IdentityMsg, now: int) -> Applied:
    """Have the account's identity looked up again: the event itself proves nothing."""
    actor = rows.find_actor(conn, event.did)
    if actor is not None and repos.find(conn, actor.id) is not None:
        handles.schedule(conn, actor.id, now)
    return APPLIED


def apply_reply(
    conn: apsw.Connection,
    question: Question,
    reply: Reply,
    collections: Iterable[Collection],
    *,
    now: int,
    jitter: float,
) -> bool:
    """Show, hide or purge an account as its PDS's answer has it; return whether it came back.

    Where something was told after the question, the answer holds as well, but settles nothing,
    and the account is asked about once more.
    """
    found = statuses.find(conn, question.actor)
    actor = rows.find_actor(conn, question.did)
    assert found is not None, "a question has a row"
    assert actor is not None, "a question has an account"
    decision = decide(found.told, reply, now)
    statuses.answered(conn, actor.id, reply, now)
    if found.told == question.told:
        rest = wait(decision.again, question.attempts, jitter)
        statuses.schedule(conn, actor.id, None if rest is None else now + rest)
        if reply.answer in STATEMENTS:
            statuses.settle(conn, actor.id)
    returned = decision.hosting is not None and _host(conn, actor, decision.hosting, now)
    if decision.purge:
        _purge(conn, actor, collections, now)
    return returned


def enforce(conn: apsw.Connection, did: Did, now: int) -> None:
    """Take an account down, or show it again, as the labels of this service have it."""
    actor = rows.find_actor(conn, did)
    if actor is not None:
        labels.enforce(conn, did)
        _settle(conn, actor, now)


def enforce_all(conn: apsw.Connection, now: int) -> None:
    """The same for all accounts, as another labeler may be this service's own now."""
    for did in labels.unenforced(conn):
        enforce(conn, did, now)


def _host(conn: apsw.Connection, actor: rows.Actor, hosting: Hosting, now: int) -> bool:
    """Store an account's status upstream; return whether it came back there."""
    rows.set_status(conn, actor.id, upstream_active=hosting.active, status=hosting.status)
    _settle(conn, actor, now)
    returned = hosting.active and not actor.upstream_active
    if returned:
        statuses.set_purged(conn, actor.id, purged=False)
        resync.hasten(conn, actor.id)
        handles.hasten(conn, actor.did, now)  # its PDS did not speak for it while it was hidden
    return returned


def _settle(conn: apsw.Connection, before: rows.Actor, now: int) -> None:
    """Settle others' counters with an account that was so ``before``, and log what is new of it."""
    after = rows.find_actor(conn, before.did)
    assert after is not None, "accounts stay known"
    if after.active != before.active:
        counters.account(conn, after.id, 1 if after.active else -1)
    if (after.active, after.status) != (before.active, before.status):
        entry: dict[str, cbor.Value] = {"did": after.did, "active": after.active}
        if after.status is not None:
            entry["status"] = after.status
        eventlog.append(conn, now, "account", cbor.encode(entry))


def _purge(
    conn: apsw.Connection, actor: rows.Actor, collections: Iterable[Collection], now: int
) -> None:
    for collection in collections:
        collection.purge(conn, actor.id)
    rows.scrub(conn, actor.id)
    statuses.set_purged(conn, actor.id, purged=True)
    repo = repos.find(conn, actor.id)
    if repo is not None:
        repos.put(conn, actor.id, head=repo.head, reason=Desync.ACCOUNT_DELETED, now=now)


def _micros(time: str, otherwise: int) -> int:
    try:
        return Datetime.parse(time).micros()
    except InvalidIdentifier:
        return otherwise
