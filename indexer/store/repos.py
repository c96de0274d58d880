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
    BEHIND = "behind"  # its PDS has commits that did not come, or another one at the same rev


IN_PROGRESS = "in_progress"

GAPS = frozenset(
    (
        Desync.GAP,
        Desync.INVERSION_FAILED,
        Desync.SYNC_EVENT,
        Desync.RECORD_MISSING,
        Desync.IDENTITY_UNAVAILABLE,
        Desync.IDENTITY_INVALID,
        Desync.BEHIND,
    )
)
"""Reasons that mean that something was written and missed here."""


@dataclass(frozen=True, slots=True)
class Repo:
    """A repo's row; ``head`` is None before the first commit was applied.

    ``commit`` is the CID of the commit at the head, None where it is not known.
    """

    head: RepoState | None
    commit: Cid | None
    state: str
    reason: Desync | None

    @property
    def unproven(self) -> bool:
        """Whether nothing has ever come of it: it may have no record of ours."""
        return self.head is None and self.reason is Desync.DISCOVERED


def find(conn: apsw.Connection, actor_id: int) -> Repo | None:
    """The repo, when it has ever held a record of ours."""
    row = conn.execute(
        "SELECT rev, data, commit_cid, state, reason FROM repos WHERE actor = ?", (actor_id,)
    ).fetchone()
    if row is None:
        return None
    rev, data, commit, state, reason = row
    return Repo(
        None if rev is None else RepoState(Tid(rev), Cid.from_bytes(data)),
        None if commit is None else Cid.from_bytes(commit),
        state,
        None if reason is None else Desync(reason),
    )


def put(
    conn: apsw.Connection,
    actor_id: int,
    *,
    head: RepoState | None,
    reason: Desync | None,
    now: int,
    commit: Cid | None = None,
) -> None:
    """Store how far the repo is applied; ``reason`` None means that it is complete.

    ``commit`` is the CID of the commit at ``head``, where it is at hand. A repo that is being
    fetched stays so, unless it is complete or the account is deleted. A reason that means missed
    commits is kept as the last gap, also once it is healed.
    """
    conn.execute(
        "INSERT INTO repos"
        " (actor, rev, data, commit_cid, state, reason, changed_at, gap_at, gap_reason)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, iif(?8, ?7, NULL), iif(?8, ?6, NULL))"
        " ON CONFLICT (actor) DO UPDATE SET rev = ?2, data = ?3,"
        " commit_cid = coalesce(?4, iif(rev IS ?2, commit_cid, NULL)), reason = ?6, state = iif("
        "state = 'in_progress' AND ?6 IS NOT NULL AND ?6 <> 'account_deleted', state, ?5),"
        " changed_at = iif(reason IS ?6, changed_at, ?7),"
        " gap_at = iif(?8 AND reason IS NOT ?6, ?7, gap_at),"
        " gap_reason = iif(?8 AND reason IS NOT ?6, ?6, gap_reason),"
        " gap_rev = iif(?8 AND reason IS NOT ?6, rev, gap_rev)",
        (
            actor_id,
            None if head is None else head.rev,
            None if head is None else head.data,
            commit,
            "synchronized" if reason is None else "desynchronized",
            reason,
            now,
            reason in GAPS,
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
            "SELECT state, NULL, count(*) FROM repos WHERE state = 'synchronized' GROUP BY state"
            " UNION ALL SELECT state, reason, count(*) FROM repos WHERE state <> 'synchronized'"
            " GROUP BY state, reason ORDER BY state DESC, reason"
        )
    }
