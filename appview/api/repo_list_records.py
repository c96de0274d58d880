"""``com.atproto.repo.listRecords``: a page of a collection in a repo, the highest keys first.

Cursors are record keys, as those of PDSes are.
"""

from __future__ import annotations

from appview import repo, store_repo
from appview.call import Call
from appview.store import Store
from appview.withheld import withheld
from atp.errors import InvalidIdentifier
from atp.runtime.xrpc import XrpcError
from atp.syntax import Nsid, RecordKey


def answer(store: Store, call: Call) -> dict[str, object]:
    """The records that follow the cursor."""
    collection, limit = Nsid(call.params.text("collection")), call.params.limit
    if not repo.is_followed(store, collection):
        raise XrpcError(400, "InvalidRequest", f"records of {collection} are not followed here")
    after, ascending = _cursor(call), call.params.values.get("reverse") is True
    with store.snapshot():
        did = repo.find(store, call)
        held = store_repo.records(store, did, collection, after, limit + 1, ascending=ascending)
        views = [repo.record_view(did, collection, one) for one in held[:limit]]
        gone = withheld(store, call, [str(view["uri"]) for view in views])
    records = [view for view in views if view["uri"] not in gone]
    if len(held) > limit:
        return {"cursor": held[limit - 1].rkey, "records": records}
    return {"records": records}


def _cursor(call: Call) -> RecordKey | None:
    cursor = call.params.values.get("cursor")
    try:
        return None if cursor is None else RecordKey.parse(str(cursor))
    except InvalidIdentifier as exc:
        raise XrpcError(400, "InvalidRequest", f"cursor: {exc}") from exc
