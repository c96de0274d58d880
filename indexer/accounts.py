"""``#account`` and ``#identity`` events: who is shown, and under which name.

An account's visibility follows ``active``; ``status`` only refines it (spec: account hosting
status). A hidden account gives nothing to others' counters and comes back exactly; a deleted one
is purged, and its repo must be fetched again if it ever returns.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from atp import cbor
from atp.frames import AccountMsg, IdentityMsg
from atp.runtime import eventlog
from indexer.records import Collection, counters
from indexer.store import handles, repos, resync, rows
from indexer.store.repos import Desync
from indexer.verdict import APPLIED, Applied

DELETED = "deleted"
MAX_STATUS = 64  # characters of a status that are kept; the set of statuses is open


def apply_status(
    conn: apsw.Connection, event: AccountMsg, collections: Iterable[Collection], now: int
) -> Applied:
    """Hide, restore or purge an account that we know; ``now`` in microseconds."""
    actor = rows.find_actor(conn, event.did)
    if actor is None:
        return APPLIED
    status = None if event.active or event.status is None else event.status[:MAX_STATUS]
    active = rows.set_status(conn, actor.id, upstream_active=event.active, status=status)
    if active != actor.active:
        counters.account(conn, actor.id, 1 if active else -1)
    if active and not actor.active:
        resync.hasten(conn, actor.id)
    if status == DELETED:
        _purge(conn, actor, collections, now)
    if active != actor.active or status != actor.upstream_status:
        entry: dict[str, cbor.Value] = {"did": event.did, "active": event.active}
        if status is not None:
            entry["status"] = status
        eventlog.append(conn, now, "account", cbor.encode(entry))
    return APPLIED


def apply_identity(conn: apsw.Connection, event: IdentityMsg, now: int) -> Applied:
    """Have the account's identity looked up again: the event itself proves nothing."""
    actor = rows.find_actor(conn, event.did)
    if actor is not None and repos.find(conn, actor.id) is not None:
        handles.schedule(conn, actor.id, now)
    return APPLIED


def _purge(
    conn: apsw.Connection, actor: rows.Actor, collections: Iterable[Collection], now: int
) -> None:
    for collection in collections:
        collection.purge(conn, actor.id)
    rows.scrub(conn, actor.id)
    repo = repos.find(conn, actor.id)
    if repo is not None:
        repos.put(conn, actor.id, head=repo.head, reason=Desync.ACCOUNT_DELETED, now=now)
