"""How far a repo has been indexed."""

from __future__ import annotations

from appview.standing import Repo
from appview.views.moment import moment
from atp.syntax import Did


def repo_status(did: Did, repo: Repo) -> dict[str, object]:
    """The repo's state, and of its account whether it is shown."""
    told = {
        "status": repo.account.status,
        "rev": repo.rev,
        "data": repo.data and str(repo.data),
        "reason": repo.reason,
        "pds": repo.pds,
        "failure": repo.failure,
        "failureDetail": repo.failure_detail,
        "resyncedAt": None if repo.resynced_at is None else moment(repo.resynced_at),
    }
    return {
        "did": did,
        "active": repo.account.active,
        "state": repo.state,
        "changedAt": moment(repo.changed_at),
        "attempts": repo.attempts,
        "resyncs": repo.resyncs,
        **{name: value for name, value in told.items() if value is not None},
    }
