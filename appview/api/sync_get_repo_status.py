"""``sync.getRepoStatus``: how far a repo has been indexed."""

from __future__ import annotations

from appview.call import Call
from appview.store import Store
from appview.views.repo_status import repo_status
from atp.runtime.xrpc import XrpcError
from atp.syntax import Did


def answer(store: Store, call: Call) -> dict[str, object]:
    """The repo's state, of hidden accounts too."""
    did = Did(call.params.text("did"))
    repo = store.repo(did)
    if repo is None:
        raise XrpcError(400, "RepoNotFound", f"the repo of {did} is not followed here")
    return repo_status(did, repo)
