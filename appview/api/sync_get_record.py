"""``com.atproto.sync.getRecord``: a record with what proves it, as of the commit that wrote it.

Whoever holds the account's signing key can check it without trusting this host. Any live record
that came in a commit can be asked for, whether it breaks its schema or not.
"""

from __future__ import annotations

from appview.call import Call
from appview.standing import Account
from appview.store import Store
from atp import car
from atp.runtime.asgi import Response
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri, Did, Nsid, RecordKey

CAR_TYPE = b"application/vnd.ipld.car"

_REFUSALS = {
    "deleted": "RepoNotFound",
    "takendown": "RepoTakendown",
    "suspended": "RepoSuspended",
}


def answer(store: Store, call: Call) -> Response:
    """The CAR of commit, tree nodes and record."""
    did = Did(call.params.text("did"))
    uri = AtUri.of(did, Nsid(call.params.text("collection")), RecordKey(call.params.text("rkey")))
    with store.snapshot():
        repo = store.repo(did)
        if repo is None:
            raise XrpcError(400, "RepoNotFound", f"the repo of {did} is not followed here")
        if not repo.account.active:
            raise _hidden(did, repo.account)
        proof = store.proof(uri)
    if proof is None:
        raise XrpcError(400, "RecordNotFound", f"no proof of {uri} is kept here; ask its PDS")
    return Response(car.write([proof.commit], proof.blocks), content_type=CAR_TYPE)


def _hidden(did: Did, account: Account) -> XrpcError:
    """The error for an account that is not active; one that nobody explains is deactivated."""
    error = _REFUSALS.get(account.status or "", "RepoDeactivated")
    return XrpcError(400, error, f"{did} is not shown here: {account.status or 'not active'}")
