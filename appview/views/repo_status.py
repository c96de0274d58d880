"""How far a repo has been indexed, and how that compares with its PDS."""

from __future__ import annotations

from appview.standing import Gap, Repo
from appview.views.hosting import hosting
from appview.views.moment import moment
from atp.syntax import Did

WORDS = {
    "first_seen": "what the repo held before its first commit seen here has not been fetched yet",
    "gap": "a commit did not follow on the one before it: at least one was missed",
    "no_prev_data": "its host does not send what proves that no commit was missed",
    "inversion_failed": "a commit does not lead back to the state before it",
    "sync_event": "its host announced a state that was not received",
    "record_missing": "a commit or a fetched repo came without one of its records",
    "identity_unavailable": "a commit could not be verified: the signing key could not be had",
    "identity_invalid": "a commit could not be verified: the DID document has no usable key",
    "account_deleted": "the account was deleted, and what it held was removed",
    "discovered": "the account was found, and its repo has not been fetched yet",
    "requested": "the repo was asked for, and has not been fetched yet",
    "behind": "its PDS has commits that were not received",
}
"""Why a repo is not known to be complete, for people; by the reason."""


def repo_status(did: Did, repo: Repo) -> dict[str, object]:
    """The repo's state, its PDS's, the last gap, and of its account whether it is shown."""
    waits = repo.state == "desynchronized"
    told = {
        "status": repo.account.status,
        "rev": repo.rev,
        "data": repo.data and str(repo.data),
        "reason": repo.reason,
        "explanation": repo.reason and WORDS.get(repo.reason),
        "pds": repo.pds,
        "pdsRev": repo.check.rev,
        "pdsCommit": repo.check.commit and str(repo.check.commit),
        "pdsData": repo.check.data and str(repo.check.data),
        "checkedAt": _moment(repo.check.at),
        "checkFailure": repo.check.failure,
        "lastGap": repo.gap and _gap(repo.gap),
        "failure": repo.failure,
        "failureDetail": repo.failure_detail,
        "resyncedAt": _moment(repo.resynced_at),
        "nextAttemptAt": _moment(repo.due_at or None) if waits else None,
    }
    return {
        "did": did,
        "active": repo.account.active,
        "state": repo.state,
        "changedAt": moment(repo.changed_at),
        "attempts": repo.attempts,
        "resyncs": repo.resyncs,
        **hosting(repo.account),
        **{name: value for name, value in told.items() if value is not None},
    }


def _gap(gap: Gap) -> dict[str, object]:
    view: dict[str, object] = {"at": moment(gap.at), "reason": gap.reason}
    return view if gap.rev is None else view | {"rev": gap.rev}


def _moment(micros: int | None) -> str | None:
    return None if micros is None else moment(micros)
