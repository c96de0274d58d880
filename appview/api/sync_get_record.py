"""``com.atproto.sync.getRecord``: a record with what proves it, or the proof that there is none.

Whoever holds the account's signing key can check it without trusting this host. What came in a
commit is proven by what was kept of it, as of the commit that wrote it; the rest by what the
account's PDS shows now. A record is proven whether it fits its schema or not, unless the operator
has taken it down.
"""

from __future__ import annotations

from appview.call import Call
from appview.proofs import Proofs
from appview.repo import is_followed, refusal
from appview.store import Store
from appview.withheld import removed
from atp import car
from atp.runtime.asgi import Response
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri, Did, Nsid, RecordKey
from atp.tid import Tid

CAR_TYPE = b"application/vnd.ipld.car"


async def answer(store: Store, call: Call, proofs: Proofs) -> Response:
    """The CAR of commit, tree nodes and record."""
    did, collection = Did(call.params.text("did")), Nsid(call.params.text("collection"))
    uri = AtUri.of(did, collection, RecordKey(call.params.text("rkey")))
    if not is_followed(store, collection):
        raise XrpcError(400, "RecordNotFound", f"records of {collection} are not followed here")
    found = _look(store, call, did, uri)
    if isinstance(found, bytes):
        return _car(found)
    written, head = found
    proof = await proofs.get(uri, written, head)
    # Meanwhile the account may have been hidden, or the record changed.
    found = _look(store, call, did, uri)
    if isinstance(found, bytes):
        return _car(found)
    written, _ = found
    if written is not None and proof.rev < written:
        raise XrpcError(503, "NotEnoughResources", f"{uri} has just changed; try again")
    return _car(proof.to_car())


def _look(store: Store, call: Call, did: Did, uri: AtUri) -> bytes | tuple[Tid | None, Tid | None]:
    """The proof that is kept; else when the record was last written, and its repo's head."""
    with store.snapshot():
        repo = store.repo(did)
        if repo is None:
            raise XrpcError(400, "RepoNotFound", f"the repo of {did} is not followed here")
        if not repo.account.active:
            raise refusal(did, repo.account)
        if gone := removed(store, call.now, (did, uri)):
            error = "RepoTakendown" if did in gone else "RecordNotFound"
            raise XrpcError(400, error, f"{uri} is not shown here: taken down")
        kept = store.proof(uri)
        if kept is not None:
            return car.write([kept.commit], kept.blocks)
        standing = store.standing(uri)
    return None if standing is None else standing.rev, repo.rev


def _car(body: bytes) -> Response:
    return Response(body, content_type=CAR_TYPE)
