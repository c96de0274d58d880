"""Repo state: how far each repo has been applied and whether it is known to be complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import apsw

from atp.cid import Cid
from atp.sync import RepoState
from atp.syntax import Did
from atp.tid import Tid


class Desync(StrEnum):
    """Why a repo is not known to be complete; closed, and the values are metric labels."""

    FIRST_SEEN = "first_seen"  # its history before the first commit that we saw is missing
    GAP = "gap"  # `since` or `prevData` does not follow on what was applied
    NO_PREV_DATA = "no_prev_data"  # the host does not send what completeness is proven with
    INVERSION_FAILED = "inversion_failed"  # undoing the operations does not give `prevData`
    SYNC_EVENT = "sync_event"  # the host announced a state that we do not have
    RECORD_MISSING = "record_missing"  # a commit came without one of its records
    IDENTITY_UNAVAILABLE = "identity_unavailable"  # the signing key could not be fetched in time
    IDENTITY_INVALID = "identity_invalid"  # the DID document names no usable signing key
    ACCOUNT_DELETED = "account_deleted"  # what it held was purged
    DISCOVERED = "discovered"  # a source or a record named the account; nothing of it has come
    REQUESTED = "requested"  # an operator or the audit wants it fetched


IN_PROGRESS = "in_progress"


@dataclass(frozen=True, slots=True)
class Repo:
    """A repo's row; ``head`` is None before the first commit was applied."""

    head: RepoState | None
    state: str
    reason: Desync | None


def find(conn: apsw.Connection, actor_id: int) -> Repo | None:
    """The repo, when it has ever held a record of ours."""
    row = conn.execute(
        "SELECT rev, data, state, reason FROM repos WHERE actor = ?", (actor_id,)
    ).fetchone()
    if row is None:
        return None
    head = None if row[0] is None else RepoState(Tid(row[0]), Cid.from_bytes(row[1]))
    return Repo(head, row[2], None if row[3] is None else Desync(row[3]))


def put(
    conn: apsw.Connection,
    actor_id: int,
    *,
    head: RepoState | None,
    reason: Desync | None,
    now: int,
) -> None:
    """Store how far the repo is applied; ``reason`` None means that it is complete.

    A repo that is being fetched stays so, unless it is complete or the account is deleted.
    """
    conn.execute(
        "INSERT INTO repos (actor, rev, data, state, reason, changed_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT (actor) DO UPDATE SET rev = ?2, data = ?3, reason = ?5, state = iif("
        "state = 'in_progress' AND ?5 IS NOT NULL AND ?5 <> 'account_deleted', state, ?4),"
        " changed_at = iif(reason IS ?5, changed_at, ?6)",
        (
            actor_id,
            None if head is None else head.rev,
            None if head is None else head.data,
            "synchronized" if reason is None else "desynchronized",
            reason,
            now,
        ),
    )


def followed(conn: apsw.Connection) -> Iterator[Did]:
    """Every account whose repo is followed."""
    for (did,) in conn.execute(
        "SELECT a.did FROM repos r JOIN actors a ON a.id = r.actor ORDER BY a.id"
    ):
        yield Did(did)


def states(conn: apsw.Connection) -> dict[str, int]:
    """How many repos are in which state, with the reason where they are not complete."""
    return {
        state if reason is None else f"{state}:{reason}": count
        for state, reason, count in conn.execute(
            "SELECT state, reason, count(*) FROM repos GROUP BY state, reason"
        )
    }
