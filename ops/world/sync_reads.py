"""com.atproto.sync queries of a PDS (spec digest 1.13).

An account that is not active answers with the error that says why, as does one that has moved away;
a deleted one is not found, as if it had never been.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aiohttp import web

from atp.cid import Cid
from atp.syntax import Did, Nsid, RecordKey
from atp.tid import Tid
from ops.world.account import Account, Departed, Hosted
from ops.world.xrpc import Json, Methods, Params, XrpcError, numbered, page

CAR_TYPE = "application/vnd.ipld.car"
GET_REPO = "com.atproto.sync.getRepo"

_REFUSALS = {
    "takendown": ("RepoTakendown", "Repo has been takendown"),
    "suspended": ("RepoSuspended", "Repo has been suspended"),
    "deactivated": ("RepoDeactivated", "Repo has been deactivated"),
}


def methods(hosted: Hosted) -> Methods:
    """The queries over these accounts."""
    queries: dict[str, Callable[[Hosted, Params], Json | web.Response]] = {
        "getBlob": get_blob,
        "getLatestCommit": get_latest_commit,
        "getRecord": get_record,
        "getRepo": get_repo,
        "getRepoStatus": get_repo_status,
        "listBlobs": list_blobs,
        "listRepos": list_repos,
    }
    return {f"com.atproto.sync.{name}": partial(query, hosted) for name, query in queries.items()}


def get_repo(hosted: Hosted, params: Params) -> web.Response:
    """The whole repository; `since` is understood and answered with the whole all the same."""
    params.optional("since", Tid.parse)
    return car(_readable(hosted, params).repo.to_car())


def get_record(hosted: Hosted, params: Params) -> web.Response:
    """The proof that a record is in the repository, or that it is not."""
    collection = params.required("collection", Nsid.parse)
    rkey = params.required("rkey", RecordKey.parse)
    return car(_readable(hosted, params).repo.proof(f"{collection}/{rkey}"))


def get_latest_commit(hosted: Hosted, params: Params) -> Json:
    """The head of a repository."""
    head = _readable(hosted, params).repo.head
    return {"cid": str(head.cid), "rev": head.rev}


def get_repo_status(hosted: Hosted, params: Params) -> Json:
    """Whether an account is active; `rev` only while it is."""
    account = _existing(hosted, params)
    answer: Json = {"did": account.did, "active": account.active}
    return answer | (
        {"rev": account.repo.head.rev} if account.active else {"status": account.status}
    )


def list_repos(hosted: Hosted, params: Params) -> Json:
    """Every account that is not deleted, with its head."""
    rows = (
        None if account.status == "deleted" else _repo_row(account) for account in hosted.values()
    )
    return page("repos", numbered(rows, params), params.limit(500, 1000))


def get_blob(hosted: Hosted, params: Params) -> web.Response:
    """A blob that a live record refers to."""
    cid = params.required("cid", Cid.parse)
    account = _readable(hosted, params)
    if cid not in account.served_blobs():
        raise XrpcError("BlobNotFound", "Blob not found")
    blob = account.blobs[cid]
    headers = {
        "Content-Type": blob.mime_type,
        "Content-Disposition": f'attachment; filename="{cid}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=blob.data, headers=headers)


def list_blobs(hosted: Hosted, params: Params) -> Json:
    """The CIDs of the blobs served, in their own order."""
    start = params.optional("cursor", Cid.parse) or b""
    cids = [cid for cid in sorted(_readable(hosted, params).served_blobs()) if cid > start]
    return page("cids", [(str(cid), str(cid)) for cid in cids], params.limit(500, 1000))


def _existing(hosted: Hosted, params: Params) -> Account | Departed:
    did = params.required("did", Did.parse)
    account = hosted.get(did)
    if account is None or account.status == "deleted":
        raise XrpcError("RepoNotFound", f"Could not find repo for DID: {did}")
    return account


def _readable(hosted: Hosted, params: Params) -> Account:
    account = _existing(hosted, params)
    if account.status is not None:
        error, message = _REFUSALS[account.status]
        raise XrpcError(error, f"{message}: {account.did}")
    assert isinstance(account, Account), "what has departed has a status"
    return account


def _repo_row(account: Account | Departed) -> Json:
    head = account.repo.head
    row: Json = {"did": account.did, "head": str(head.cid), "rev": head.rev}
    row["active"] = account.active
    return row if account.active else {**row, "status": account.status}


def car(body: bytes) -> web.Response:
    """The answer that is a CAR."""
    return web.Response(body=body, content_type=CAR_TYPE)
