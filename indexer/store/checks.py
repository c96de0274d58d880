"""What PDSes say of repos that are held to be complete, and what that means.

Only those are asked about: whatever is not complete is due to be fetched, which tells more. Two
heads are compared by rev, and at the same rev by the CID of the commit, where ours is known; a host
that is behind us is none the worse for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import apsw

from atp.cid import Cid
from atp.sync import RepoState
from atp.syntax import Did
from indexer.failure import Failure
from indexer.store import repos, statuses
from indexer.store.repos import Desync, Repo
from pds_client.repo import LatestCommit


class Checked(StrEnum):
    """What came of asking a PDS for a repo's newest commit; closed, the values are labels."""

    IN_SYNC = "in_sync"
    DRIFTED = "drifted"  # it has commits that did not come: the repo is to be fetched
    IN_DOUBT = "in_doubt"  # it refuses what we show, or serves what we hide: its status is asked
    UNREACHABLE = "unreachable"  # no answer changes nothing (law 10)
    OVERTAKEN = "overtaken"  # the repo was found incomplete in the meantime


REFUSED = frozenset(
    (
        Failure.NOT_FOUND,
        Failure.TAKENDOWN,
        Failure.SUSPENDED,
        Failure.DEACTIVATED,
        Failure.IDENTITY_ABSENT,
    )
)
"""Answers that speak of the account and not of the host."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A repo whose turn it is; ``pds`` is the origin where it was when last looked up."""

    actor: int
    did: Did
    pds: str | None


def count(conn: apsw.Connection) -> int:
    """How many repos there are to check."""
    return int(conn.execute("SELECT count(*) FROM repos WHERE state = 'synchronized'").get)


def longest_ago(conn: apsw.Connection, limit: int) -> list[Turn]:
    """The repos that were checked longest ago, or never."""
    return [
        Turn(actor, Did(did), pds)
        for actor, did, pds in conn.execute(
            "SELECT r.actor, a.did, a.pds FROM (SELECT actor, checked_at FROM repos"
            " WHERE state = 'synchronized' ORDER BY checked_at LIMIT ?) r"
            " CROSS JOIN actors a ON a.id = r.actor ORDER BY r.checked_at",
            (limit,),
        )
    ]


def is_live(conn: apsw.Connection, max_lag: int) -> bool:
    """Whether streams are connected, and none of these is more than so many µs behind.

    While one is, commits that have not come are no drift.
    """
    lag = conn.execute("SELECT max(lag) FROM sources WHERE configured AND connected").get
    return lag is not None and lag <= max_lag


def move(conn: apsw.Connection, actor_id: int, pds: str) -> None:
    """Note where a repo is, of which that was not known."""
    conn.execute("UPDATE actors SET pds = ? WHERE id = ?", (pds, actor_id))


def told(
    conn: apsw.Connection, actor_id: int, latest: LatestCommit, now: int, *, final: bool
) -> Checked:
    """Compare with what a PDS told, and store it; time in microseconds.

    Unless this is the ``final`` look, a repo that seems to have drifted is left as it is, since
    commits may be on their way.
    """
    repo = repos.find(conn, actor_id)
    if repo is None or repo.reason is not None or repo.head is None:
        return Checked.OVERTAKEN
    found = _compare(repo, repo.head, latest)
    if found is Checked.DRIFTED and not final:
        return found
    conn.execute(
        "UPDATE repos SET pds_data = iif(pds_cid = ?2, pds_data, NULL), pds_rev = ?1, pds_cid = ?2,"
        " checked_at = ?3, check_failure = NULL WHERE actor = ?4",
        (latest.rev, latest.cid, now, actor_id),
    )
    if not _upstream_active(conn, actor_id):
        return _doubt(conn, actor_id, now)
    if found is Checked.DRIFTED:
        repos.put(conn, actor_id, head=repo.head, reason=Desync.BEHIND, now=now)
    return found


def failed(conn: apsw.Connection, actor_id: int, failure: Failure, now: int) -> Checked:
    """Store that a PDS told nothing, and why."""
    conn.execute(
        "UPDATE repos SET checked_at = ?, check_failure = ? WHERE actor = ?",
        (now, failure, actor_id),
    )
    if failure not in REFUSED:
        return Checked.UNREACHABLE
    return _doubt(conn, actor_id, now) if _upstream_active(conn, actor_id) else Checked.IN_SYNC


def fetched(conn: apsw.Connection, actor_id: int, state: RepoState, commit: Cid, now: int) -> None:
    """Store the state at which a PDS gave the whole repo, proven: the best check there is."""
    conn.execute(
        "UPDATE repos SET pds_rev = ?, pds_cid = ?, pds_data = ?, checked_at = ?,"
        " check_failure = NULL WHERE actor = ?",
        (state.rev, commit, state.data, now, actor_id),
    )


def _compare(repo: Repo, head: RepoState, latest: LatestCommit) -> Checked:
    same = latest.rev == head.rev
    if latest.rev > head.rev or (same and repo.commit not in (None, latest.cid)):
        return Checked.DRIFTED
    return Checked.IN_SYNC


def _doubt(conn: apsw.Connection, actor_id: int, now: int) -> Checked:
    statuses.doubt(conn, actor_id, now)
    return Checked.IN_DOUBT


def _upstream_active(conn: apsw.Connection, actor_id: int) -> bool:
    return bool(conn.execute("SELECT upstream_active FROM actors WHERE id = ?", (actor_id,)).get)
