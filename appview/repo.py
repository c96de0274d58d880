"""The repository that a caller names, and its records as any host of it gives them.

What we hold of it: the collections that are followed, as they were when last applied.
"""

from __future__ import annotations

from appview.call import Call
from appview.standing import Account
from appview.store import Store
from appview.store_repo import Held
from appview.withheld import withheld
from atp import cbor
from atp.data import to_json
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri, Did, Handle, Nsid
from lexicons.names import FOREIGN_PROFILE

_REFUSALS = {
    "deleted": "RepoNotFound",
    "takendown": "RepoTakendown",
    "suspended": "RepoSuspended",
}


def find(store: Store, call: Call) -> Did:
    """The account whose repo ``repo`` names by DID or handle; raises the error of one not shown."""
    who = call.params.actor("repo")
    did = store.resolve((who,)).get(who) if isinstance(who, Handle) else who
    repo = store.repo(did) if did else None
    if did is None or repo is None:
        raise XrpcError(400, "RepoNotFound", f"the repo of {who} is not followed here")
    if not repo.account.active:
        raise refusal(did, repo.account)
    if did in withheld(store, call, (did,)):
        raise XrpcError(400, "RepoTakendown", f"{did} is not shown here: taken down by a labeler")
    return did


def refusal(did: Did, account: Account) -> XrpcError:
    """The error for an account that is not active; one that nobody explains is deactivated."""
    error = _REFUSALS.get(account.status or "", "RepoDeactivated")
    return XrpcError(400, error, f"{did} is not shown here: {account.status or 'not active'}")


def is_followed(store: Store, collection: Nsid) -> bool:
    """Whether records of a collection are held here at all."""
    return collection in (*store.names.collections, FOREIGN_PROFILE)


def record_view(did: Did, collection: Nsid, held: Held) -> dict[str, object]:
    """A record, verbatim."""
    return {
        "uri": AtUri.of(did, collection, held.rkey),
        "cid": str(held.cid),
        "value": to_json(cbor.decode_map(held.value)),
    }
