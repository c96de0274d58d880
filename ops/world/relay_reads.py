"""com.atproto.sync queries of the relay, from what its stream has told it (spec digest 1.13).

Only `listReposByCollection` looks at the repositories themselves, as a collection directory that
has fetched them would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from atp.cid import Cid
from atp.syntax import Did, Nsid
from atp.tid import Tid
from ops.world.pds import Pds
from ops.world.xrpc import Json, Method, Methods, Params, XrpcError, numbered, page


@dataclass(slots=True)
class Known:
    """What the relay knows of an account."""

    pds: Pds
    upstream_active: bool = True
    upstream_status: str | None = None
    takendown: bool = False
    """By the relay itself, whatever the PDS says."""
    head: Cid | None = None
    rev: Tid | None = None

    @property
    def active(self) -> bool:
        """Whether the relay passes the account on."""
        return self.upstream_active and not self.takendown

    @property
    def status(self) -> str | None:
        """Why it does not."""
        return "takendown" if self.takendown else self.upstream_status


Accounts = Mapping[Did, Known]
"""In the order in which the relay first heard of them."""


def methods(accounts: Accounts, crawled: Sequence[Pds]) -> Methods:
    """The queries over these accounts and servers."""
    of_accounts: dict[str, Callable[[Accounts, Params], Json | web.Response]] = {
        "getLatestCommit": get_latest_commit,
        "getRepo": get_repo,
        "getRepoStatus": get_repo_status,
        "listRepos": list_repos,
        "listReposByCollection": list_repos_by_collection,
    }
    queries: dict[str, Method] = {
        "getHostStatus": partial(get_host_status, accounts, crawled),
        "listHosts": partial(list_hosts, accounts, crawled),
    }
    queries |= {name: partial(query, accounts) for name, query in of_accounts.items()}
    return {f"com.atproto.sync.{name}": query for name, query in queries.items()}


def get_repo(accounts: Accounts, params: Params) -> web.Response:
    """A redirect to the account's PDS."""
    did, known = _readable(accounts, params)
    location = f"{known.pds.host.url}/xrpc/com.atproto.sync.getRepo?did={did}"
    return web.Response(status=302, headers={"Location": location})


def get_latest_commit(accounts: Accounts, params: Params) -> Json:
    """The newest commit that the relay has passed on."""
    _, known = _readable(accounts, params)
    return {"cid": str(known.head), "rev": known.rev}


def get_repo_status(accounts: Accounts, params: Params) -> Json:
    """Whether the account was active when the relay last heard of it."""
    did, known = _existing(accounts, params)
    answer: Json = {"did": did, "active": known.active}
    return answer | ({"rev": known.rev} if known.active else {"status": known.status})


def list_repos(accounts: Accounts, params: Params) -> Json:
    """Every account of which a commit has come."""
    rows = (_repo_row(did, known) for did, known in accounts.items())
    return page("repos", numbered(rows, params), params.limit(500, 1000))


def list_repos_by_collection(accounts: Accounts, params: Params) -> Json:
    """The active accounts that have a record in the collection."""
    collection = params.required("collection", Nsid.parse)
    rows = (
        {"did": did}
        if known.active and collection in known.pds.accounts[did].repo.collections()
        else None
        for did, known in accounts.items()
    )
    return page("repos", numbered(rows, params), params.limit(500, 2000))


def list_hosts(accounts: Accounts, crawled: Sequence[Pds], params: Params) -> Json:
    """The PDSes that the relay follows."""
    rows = (_host_row(accounts, pds) for pds in crawled)
    return page("hosts", numbered(rows, params), params.limit(200, 1000))


def get_host_status(accounts: Accounts, crawled: Sequence[Pds], params: Params) -> Json:
    """One of them."""
    hostname = params.required("hostname", str)
    for pds in crawled:
        if pds.host.name == hostname:
            return _host_row(accounts, pds)
    raise XrpcError("HostNotFound", f"No such host: {hostname}", status=404)


def _existing(accounts: Accounts, params: Params) -> tuple[Did, Known]:
    did = params.required("did", Did.parse)
    if did not in accounts:
        raise XrpcError("RepoNotFound", f"Could not find repo for DID: {did}", status=404)
    return did, accounts[did]


def _readable(accounts: Accounts, params: Params) -> tuple[Did, Known]:
    did, known = _existing(accounts, params)
    if not known.active:
        error = f"Repo{(known.status or 'inactive').capitalize()}"
        raise XrpcError(error, f"Account is {known.status}: {did}", status=403)
    return did, known


def _repo_row(did: Did, known: Known) -> Json | None:
    if known.head is None:
        return None
    row: Json = {"did": did, "head": str(known.head), "rev": known.rev, "active": known.active}
    return row if known.active else {**row, "status": known.status}


def _host_row(accounts: Accounts, pds: Pds) -> Json:
    hosted = sum(known.pds is pds for known in accounts.values())
    return {
        "hostname": pds.host.name,
        "seq": pds.log.last,
        "accountCount": hosted,
        "status": "active",
    }
