"""com.atproto.repo, identity and server queries of a PDS: records as JSON, and who is who."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from atp.cid import Cid
from atp.syntax import AtUri, Did, Handle, Nsid, RecordKey, parse_at_identifier
from ops.world.account import Account, Hosted
from ops.world.repo import Record
from ops.world.xrpc import Json, Methods, Params, XrpcError, page


def methods(hosted: Hosted, document: Callable[[Did], dict[str, Any]]) -> Methods:
    """The queries over these accounts; `document` gives a DID document."""
    return {
        "com.atproto.identity.resolveHandle": partial(resolve_handle, hosted),
        "com.atproto.repo.describeRepo": partial(describe_repo, hosted, document),
        "com.atproto.repo.getRecord": partial(get_record, hosted),
        "com.atproto.repo.listRecords": partial(list_records, hosted),
    }


def account_of_handle(hosted: Hosted, handle: str) -> Account | None:
    """The account that has this handle."""
    here = (account for account in hosted.values() if isinstance(account, Account))
    live = (account for account in here if account.status != "deleted")
    return next((account for account in live if account.handle == handle), None)


def resolve_handle(hosted: Hosted, params: Params) -> Json:
    """The DID of a handle."""
    account = account_of_handle(hosted, params.required("handle", Handle.parse))
    if account is None:
        raise XrpcError("InvalidRequest", "Unable to resolve handle")
    return {"did": account.did}


def describe_repo(
    hosted: Hosted, document: Callable[[Did], dict[str, Any]], params: Params
) -> Json:
    """Whose repository this is, and which collections it has."""
    account = _readable(hosted, params)
    return {
        "handle": account.handle,
        "did": account.did,
        "didDoc": document(account.did),
        "collections": sorted(account.repo.collections()),
        "handleIsCorrect": True,
    }


def get_record(hosted: Hosted, params: Params) -> Json:
    """One record; with `cid` only that version of it."""
    account = _readable(hosted, params)
    collection = params.required("collection", Nsid.parse)
    rkey = params.required("rkey", RecordKey.parse)
    cid = params.optional("cid", Cid.parse)
    record = account.repo.records.get(f"{collection}/{rkey}")
    uri = AtUri.of(account.did, collection, rkey)
    if record is None or (cid is not None and cid != record.cid):
        raise XrpcError("RecordNotFound", f"Could not locate record: {uri}")
    return _row(uri, record)


def list_records(hosted: Hosted, params: Params) -> Json:
    """A collection's records, newest key first; `reverse` turns the order."""
    account = _readable(hosted, params)
    collection = params.required("collection", Nsid.parse)
    forward = params.optional("reverse", str) == "true"
    cursor = params.optional("cursor", RecordKey.parse)
    rows = [
        (rkey, _row(AtUri.of(account.did, collection, rkey), record))
        for rkey, record in sorted(account.repo.records_of(collection), reverse=not forward)
        if cursor is None or (rkey > cursor if forward else rkey < cursor)
    ]
    return page("records", rows, params.limit(50, 100))


def _readable(hosted: Hosted, params: Params) -> Account:
    repo = params.required("repo", parse_at_identifier)
    account = hosted.get(repo) if isinstance(repo, Did) else account_of_handle(hosted, repo)
    if not isinstance(account, Account) or not account.active:
        raise XrpcError("InvalidRequest", f"Could not find repo: {repo}")
    return account


def _row(uri: AtUri, record: Record) -> Json:
    return {"uri": uri, "cid": str(record.cid), "value": record.value}
