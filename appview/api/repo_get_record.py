"""``com.atproto.repo.getRecord``: one record of a repo as we hold it, fit for its schema or not."""

from __future__ import annotations

from appview import repo, store_repo
from appview.call import Call
from appview.store import Store
from appview.withheld import withheld
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri, Nsid, RecordKey


def answer(store: Store, call: Call) -> dict[str, object]:
    """The record; of another version than ours nothing is known."""
    collection = Nsid(call.params.text("collection"))
    rkey = RecordKey(call.params.text("rkey"))
    with store.snapshot():
        did = repo.find(store, call)
        uri = AtUri.of(did, collection, rkey)
        held = store_repo.record(store, did, collection, rkey)
        gone = withheld(store, call, (uri,))
    wanted = call.params.values.get("cid")
    if held is None or uri in gone or wanted not in (None, str(held.cid)):
        raise XrpcError(400, "RecordNotFound", f"{uri} is not held here, or not that version")
    return repo.record_view(did, collection, held)
