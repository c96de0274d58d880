"""com.atproto.sync on a PDS, over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from atp import car, mst_tree
from atp.cid import Cid
from atp.commit import Commit
from atp.mst_tree import Tree
from ops.world.account import Account
from ops.world.network import World

COLLECTION = "com.example.note"
UNKNOWN = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"


class Sync:
    """A client of one PDS."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str) -> None:
        self._http = http
        self._base = f"{base_url}/xrpc/com.atproto.sync."

    async def json(self, method: str, **params: str) -> Any:
        """The JSON of a good answer."""
        async with self._http.get(self._base + method, params=params) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def body(self, method: str, content_type: str, **params: str) -> bytes:
        """The bytes of a good answer."""
        async with self._http.get(self._base + method, params=params) as response:
            assert (response.status, response.content_type) == (200, content_type)
            return await response.read()

    async def error(self, method: str, **params: str) -> tuple[int, str]:
        """Status and name of a refusal."""
        async with self._http.get(self._base + method, params=params) as response:
            return response.status, (await response.json())["error"]


@pytest.fixture
def sync(world: World, http: aiohttp.ClientSession) -> Sync:
    """A client of the first PDS."""
    return Sync(http, world.pds_urls[0])


async def test_get_repo(world: World, sync: Sync) -> None:
    """The CAR holds the whole verified repository; `since` does not shorten it."""
    alice = world.create_account("alice.test")
    notes = [alice.create(COLLECTION, {"n": n}) for n in range(30)]
    for params in ({}, {"since": alice.repo.head.rev}):
        body = await sync.body("getRepo", "application/vnd.ipld.car", did=alice.did, **params)
        content = car.read(body)
        commit = Commit.from_bytes(content.blocks[content.roots[0]])
        assert commit.verify(alice.repo.key.public_key)
        entries = dict(mst_tree.verify_whole(commit.data, content.blocks))
        assert set(entries.values()) == {note.cid for note in notes}


async def test_get_record_proves_both_ways(world: World, sync: Sync) -> None:
    """The CAR proves that a record is there, or that it is not."""
    alice = world.create_account("alice.test")
    note = alice.create(COLLECTION, {})
    for rkey, expected in ((note.rkey, note.cid), ("absent", None)):
        body = await sync.body(
            "getRecord",
            "application/vnd.ipld.car",
            did=alice.did,
            collection=COLLECTION,
            rkey=rkey,
        )
        content = car.read(body)
        commit = Commit.from_bytes(content.blocks[content.roots[0]])
        tree = Tree.load(commit.data, content.blocks)
        assert tree.get(f"{COLLECTION}/{rkey}".encode()) == expected


async def test_head_and_status(world: World, sync: Sync) -> None:
    """Both name the newest commit."""
    alice = world.create_account("alice.test")
    alice.create(COLLECTION, {})
    head = alice.repo.head
    latest = await sync.json("getLatestCommit", did=alice.did)
    assert latest == {"cid": str(head.cid), "rev": head.rev}
    status = await sync.json("getRepoStatus", did=alice.did)
    assert status == {"did": alice.did, "active": True, "rev": head.rev}


async def test_blobs(world: World, sync: Sync, http: aiohttp.ClientSession) -> None:
    """A referred blob is listed and served as it was uploaded, for download only."""
    alice = world.create_account("alice.test")
    uploads = [alice.upload_blob(bytes([n]), "audio/flac") for n in range(3)]
    for blob in uploads[:2]:
        alice.create(COLLECTION, {"audio": blob})
    cids = sorted(blob["ref"]["$link"] for blob in uploads[:2])
    listed = await sync.json("listBlobs", did=alice.did)
    assert sorted(listed["cids"]) == cids
    first = await sync.json("listBlobs", did=alice.did, limit="1")
    second = await sync.json("listBlobs", did=alice.did, limit="1", cursor=first["cursor"])
    assert [*first["cids"], *second["cids"]] == listed["cids"]
    assert "cursor" not in second
    url = f"{world.pds_urls[0]}/xrpc/com.atproto.sync.getBlob"
    params = {"did": alice.did, "cid": uploads[1]["ref"]["$link"]}
    async with http.get(url, params=params) as response:
        assert await response.read() == b"\x01"
        assert response.headers["Content-Type"] == "audio/flac"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert response.headers["Content-Disposition"].startswith("attachment")
    for cid in (uploads[2]["ref"]["$link"], str(Cid.for_raw(b"never"))):
        assert await sync.error("getBlob", did=alice.did, cid=cid) == (400, "BlobNotFound")


async def test_list_repos_pages_through_the_host(world: World, sync: Sync) -> None:
    """Every account that is not deleted, with head and status, page by page."""
    accounts = [world.create_account(f"user{n}.test") for n in range(5)]
    world.create_account("elsewhere.test", pds=1)
    accounts[1].deactivate()
    accounts[2].delete_account()
    rows, params = [], {"limit": "2"}
    while True:
        answer = await sync.json("listRepos", **params)
        rows += answer["repos"]
        if "cursor" not in answer:
            break
        params["cursor"] = answer["cursor"]
    live = [account for account in accounts if account.status != "deleted"]
    assert [row["did"] for row in rows] == [account.did for account in live]
    assert [row["active"] for row in rows] == [True, False, True, True]
    assert rows[1]["status"] == "deactivated"
    assert rows[0]["head"] == str(accounts[0].repo.head.cid)
    assert rows[0]["rev"] == accounts[0].repo.head.rev


@pytest.mark.parametrize(
    ("hide", "error"),
    [
        (Account.deactivate, "RepoDeactivated"),
        (Account.takedown, "RepoTakendown"),
        (Account.suspend, "RepoSuspended"),
        (Account.delete_account, "RepoNotFound"),
    ],
)
async def test_hidden_accounts_say_why(
    world: World, sync: Sync, hide: Callable[[Account], None], error: str
) -> None:
    """Nothing of an account that is not active is served, and the error names the reason."""
    alice = world.create_account("alice.test")
    note = alice.create(COLLECTION, {})
    cid = str(note.cid)
    hide(alice)
    for method, params in (
        ("getRepo", {}),
        ("getLatestCommit", {}),
        ("listBlobs", {}),
        ("getBlob", {"cid": cid}),
        ("getRecord", {"collection": COLLECTION, "rkey": note.rkey}),
    ):
        assert await sync.error(method, did=alice.did, **params) == (400, error)


async def test_status_of_hidden_accounts(world: World, sync: Sync) -> None:
    """The status is told; a deleted account is as one that never was."""
    alice = world.create_account("alice.test")
    alice.takedown()
    status = await sync.json("getRepoStatus", did=alice.did)
    assert status == {"did": alice.did, "active": False, "status": "takendown"}
    alice.delete_account()
    for did in (alice.did, UNKNOWN):
        assert await sync.error("getRepoStatus", did=did) == (400, "RepoNotFound")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("getRepo", {}),
        ("getRepo", {"did": "did:nonsense"}),
        ("getRepo", {"did": UNKNOWN, "since": "yesterday"}),
        ("getRecord", {"did": UNKNOWN, "collection": "x", "rkey": "y"}),
        ("getBlob", {"did": UNKNOWN, "cid": "nonsense"}),
        ("listRepos", {"limit": "0"}),
        ("listRepos", {"cursor": "nonsense"}),
    ],
)
async def test_bad_parameters(sync: Sync, method: str, params: dict[str, str]) -> None:
    """A bad or missing parameter is an InvalidRequest."""
    assert await sync.error(method, **params) == (400, "InvalidRequest")
