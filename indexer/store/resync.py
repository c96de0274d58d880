"""Which repos are to be fetched, which are being fetched, and what came of it.

A claim is a repo in progress together with the number of the attempt: whatever ends the one in the
meantime (a restart, the account's deletion) makes the other void.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import apsw
import orjson

from atp.cid import Cid
from atp.sync import RepoState
from atp.syntax import Did
from indexer.failure import Failure
from indexer.store import repos, rows, sought, waiting
from indexer.store.repos import IN_PROGRESS, Desync

AFTER_SIGNATURE = 60_000_000
"""Microseconds from a valid signature to the next try of a repo that had a bad one."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A repo taken for fetching.

    ``unproven``: nothing of it has ever come, so its host is first asked whether it has records of
    ours. ``held`` is how many records the index has of it, deleted ones too.
    """

    actor: int
    did: Did
    attempt: int
    head: RepoState | None
    unproven: bool
    held: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many repos are complete, being fetched, to be fetched, and waiting for another try."""

    synchronized: int
    in_progress: int
    due: int
    failed: int


def claim(conn: apsw.Connection, now: int, limit: int, busy: Iterable[str]) -> list[Claim]:
    """Take repos that are due and whose PDS is not ``busy``, longest waiting first."""
    found: list[tuple[int, str, int, int]] = conn.execute(
        "SELECT r.actor, a.did, r.attempts + 1,"
        " (SELECT count(*) FROM records WHERE actor = r.actor)"
        " FROM repos r JOIN actors a ON a.id = r.actor"
        " WHERE r.state = 'desynchronized' AND r.due_at <= ? AND a.upstream_active"
        " AND (a.pds IS NULL OR a.pds NOT IN (SELECT value FROM json_each(?)))"
        " ORDER BY r.due_at, r.actor LIMIT ?",
        (now, orjson.dumps(list(busy)).decode(), limit),
    ).fetchall()  # type: ignore[assignment]
    claims = []
    for actor, did, attempt, count in found:
        waiting.clear(conn, actor)
        conn.execute(
            "UPDATE repos SET state = 'in_progress', attempts = ? WHERE actor = ?", (attempt, actor)
        )
        repo = repos.find(conn, actor)
        assert repo is not None, "it was just selected"
        claims.append(Claim(actor, Did(did), attempt, repo.head, repo.unproven, count))
    return claims


def next_due(conn: apsw.Connection) -> int | None:
    """When the next repo is due, microseconds."""
    row = conn.execute(
        "SELECT min(r.due_at) FROM repos r JOIN actors a ON a.id = r.actor"
        " WHERE r.state = 'desynchronized' AND a.upstream_active"
    ).fetchone()
    return None if row is None else row[0]


def holds(conn: apsw.Connection, claim: Claim) -> bool:
    """Whether a claim is still good."""
    found = conn.execute(
        "SELECT 1 FROM repos WHERE actor = ? AND state = ? AND attempts = ?",
        (claim.actor, IN_PROGRESS, claim.attempt),
    )
    return found.fetchone() is not None


def give_back(conn: apsw.Connection, claim: Claim, due_at: int, pds: str | None) -> None:
    """Let go of a repo that was not tried, as its PDS is busy; remember which one that is."""
    if pds is not None:
        conn.execute("UPDATE actors SET pds = ? WHERE id = ?", (pds, claim.actor))
    if holds(conn, claim):
        conn.execute(
            "UPDATE repos SET state = 'desynchronized', attempts = attempts - 1, due_at = ?"
            " WHERE actor = ?",
            (due_at, claim.actor),
        )
        waiting.clear(conn, claim.actor)


def fail(conn: apsw.Connection, claim: Claim, due_at: int, failure: str, detail: str) -> None:
    """Store why a fetch came to nothing, and when to try again."""
    if holds(conn, claim):
        conn.execute(
            "UPDATE repos SET state = 'desynchronized', due_at = ?, failure = ?, detail = ?"
            " WHERE actor = ?",
            (due_at, failure, detail, claim.actor),
        )
        waiting.clear(conn, claim.actor)
        sought.give_up(conn, claim.actor)


def succeed(
    conn: apsw.Connection,
    claim: Claim,
    state: RepoState,
    commit: Cid | None,
    *,
    now: int,
    due_at: int,
) -> None:
    """Store that the repo is complete at ``state``; not to be fetched again before ``due_at``.

    ``commit`` is the CID of the commit there, where it is known.
    """
    repos.put(conn, claim.actor, head=state, reason=None, now=now, commit=commit)
    conn.execute(
        "UPDATE repos SET due_at = ?, attempts = 0, failure = NULL, detail = NULL,"
        " resyncs = resyncs + 1, resynced_at = ? WHERE actor = ?",
        (due_at, now, claim.actor),
    )
    conn.execute(
        "UPDATE actors SET handle_due = ? WHERE id = ? AND handle_due IS NULL", (now, claim.actor)
    )
    waiting.clear(conn, claim.actor)


def forget(conn: apsw.Connection, claim: Claim) -> None:
    """Stop following a repo that has nothing of ours and never had.

    One of which a record has come while its host was asked is to be fetched after all.
    """
    if holds(conn, claim):
        conn.execute("DELETE FROM repos WHERE actor = ? AND rev IS NULL", (claim.actor,))
        give_back(conn, claim, 0, None)


def restart(conn: apsw.Connection) -> int:
    """Free what a process that is gone had claimed; returns how many."""
    conn.execute("UPDATE repos SET state = 'desynchronized' WHERE state = 'in_progress'")
    return conn.changes()


def request(conn: apsw.Connection, dids: Sequence[Did], reason: Desync, now: int) -> int:
    """Have repos fetched, now where an operator asks; returns how many were not to be before.

    `Desync.DISCOVERED` adds the unknown ones and leaves the others alone.
    """
    changed = 0
    for did in dids:
        actor = rows.actor(conn, did)
        repo = repos.find(conn, actor.id)
        if repo is None:
            repos.put(conn, actor.id, head=None, reason=reason, now=now)
        elif reason is not Desync.DISCOVERED and repo.reason is None:
            repos.put(conn, actor.id, head=repo.head, reason=reason, now=now)
        changed += repo is None or repo.reason is None
        if reason is not Desync.DISCOVERED:
            conn.execute("UPDATE repos SET due_at = 0 WHERE actor = ?", (actor.id,))
    return changed


def hasten(conn: apsw.Connection, actor_id: int) -> None:
    """Make a repo due at once: what kept it from being fetched may be over."""
    conn.execute("UPDATE repos SET due_at = 0 WHERE actor = ?", (actor_id,))


def verified(conn: apsw.Connection, actor_id: int, now: int) -> None:
    """Have a repo tried again soon that failed for its signature, as it has signed validly since.

    After a migration its host sends the tree that the old key signed until the next commit.
    """
    conn.execute(
        "UPDATE repos SET due_at = min(due_at, ?) WHERE actor = ? AND failure = ?",
        (now + AFTER_SIGNATURE, actor_id, Failure.BAD_SIGNATURE),
    )


def counts(conn: apsw.Connection, now: int) -> Counts:
    """Repos by what is to be done with them."""
    row = conn.execute(
        "SELECT count(*) FILTER (WHERE state = 'synchronized'),"
        " count(*) FILTER (WHERE state = 'in_progress'),"
        " count(*) FILTER (WHERE state = 'desynchronized' AND due),"
        " count(*) FILTER (WHERE state = 'desynchronized' AND NOT due)"
        " FROM (SELECT r.state, a.upstream_active AND (r.attempts = 0 OR r.due_at <= ?) AS due"
        " FROM repos r JOIN actors a ON a.id = r.actor)",
        (now,),
    ).get
    return Counts(*row)


def held(
    conn: apsw.Connection, actor_id: int
) -> Iterator[tuple[str, str, str | None, bytes | None, bool]]:
    """All records of an account, deleted ones too: collection, key, rev, CID, whether readable."""
    for nsid, rkey, rev, cid, readable in conn.execute(
        "SELECT c.nsid, r.rkey, r.rev, r.cid, r.value IS NOT NULL"
        " FROM records r JOIN collections c ON c.id = r.collection"
        " WHERE r.actor = ? AND r.state <> 'unseen'",
        (actor_id,),
    ):
        yield nsid, rkey, rev, cid, bool(readable)
