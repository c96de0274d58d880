"""com.atproto.sync on the relay: accounts and hosts of the whole network."""

from __future__ import annotations

import aiohttp
import pytest

from atp.frames import CommitMsg
from ops.world.faults import Strike, drop
from ops.world.network import World
from tests.ops.world.conftest import START
from tests.ops.world.test_sync_reads import UNKNOWN, Sync

COLLECTION = "com.example.note"


@pytest.fixture
def relay(world: World, http: aiohttp.ClientSession) -> Sync:
    """A client of the relay."""
    return Sync(http, world.relay.host.url)


async def test_lists_accounts_of_all_hosts(world: World, relay: Sync) -> None:
    """Every account heard of, with its head and status, deleted ones too."""
    accounts = [world.create_account(f"user{n}.test", n % 2) for n in range(4)]
    accounts[0].create(COLLECTION, {})
    accounts[1].takedown()
    accounts[2].delete_account()
    first = await relay.json("listRepos", limit="3")
    second = await relay.json("listRepos", limit="3", cursor=first["cursor"])
    rows = [*first["repos"], *second["repos"]]
    assert "cursor" not in second
    assert [(row["did"], row["head"], row["rev"]) for row in rows] == [
        (account.did, str(account.repo.head.cid), account.repo.head.rev) for account in accounts
    ]
    assert [row.get("status") for row in rows] == [None, "takendown", "deleted", None]


async def test_lists_accounts_by_collection(world: World, relay: Sync) -> None:
    """Active accounts that have a record in the collection, and no others."""
    accounts = [world.create_account(f"user{n}.test", n % 2) for n in range(6)]
    notes = [account.create(COLLECTION, {}) for account in accounts[:5]]
    accounts[0].delete(COLLECTION, notes[0].rkey)
    accounts[1].deactivate()
    accounts[2].delete_account()
    accounts[5].create("com.example.other", {})
    first = await relay.json("listReposByCollection", collection=COLLECTION, limit="1")
    second = await relay.json(
        "listReposByCollection", collection=COLLECTION, cursor=first["cursor"]
    )
    dids = [row["did"] for row in (*first["repos"], *second["repos"])]
    assert dids == [accounts[3].did, accounts[4].did]


async def test_status_and_head(world: World, relay: Sync) -> None:
    """The relay tells what it has heard last, also of accounts that are gone."""
    alice = world.create_account("alice.test")
    alice.create(COLLECTION, {})
    head = alice.repo.head
    assert await relay.json("getLatestCommit", did=alice.did) == {
        "cid": str(head.cid),
        "rev": head.rev,
    }
    assert await relay.json("getRepoStatus", did=alice.did) == {
        "did": alice.did,
        "active": True,
        "rev": head.rev,
    }
    alice.delete_account()
    assert await relay.json("getRepoStatus", did=alice.did) == {
        "did": alice.did,
        "active": False,
        "status": "deleted",
    }
    assert await relay.error("getLatestCommit", did=alice.did) == (403, "RepoDeleted")
    assert await relay.error("getRepoStatus", did=UNKNOWN) == (404, "RepoNotFound")


async def test_a_lost_event_leaves_the_relay_behind(world: World, relay: Sync) -> None:
    """What never arrived the relay does not know."""
    alice = world.create_account("alice.test")
    rev = alice.repo.head.rev
    world.relay.afflict(Strike(drop, lambda message: isinstance(message, CommitMsg)))
    alice.create(COLLECTION, {})
    assert (await relay.json("getLatestCommit", did=alice.did))["rev"] == rev
    world.create_account("bob.test").delete_account()
    assert len((await relay.json("listRepos"))["repos"]) == 2


async def test_repositories_are_at_the_pds(
    world: World, http: aiohttp.ClientSession, relay: Sync
) -> None:
    """The relay sends to the account's PDS; who follows gets the repository."""
    bob = world.create_account("bob.test", pds=1)
    url = f"{world.relay.host.url}/xrpc/com.atproto.sync.getRepo?did={bob.did}"
    async with http.get(url, allow_redirects=False) as response:
        assert response.status == 302
        assert response.headers["Location"].startswith(world.pds_urls[1])
    body = await relay.body("getRepo", "application/vnd.ipld.car", did=bob.did)
    assert body == bob.repo.to_car()


async def test_a_takedown_of_the_relay_is_its_own(world: World, relay: Sync) -> None:
    """The relay refuses the account and does not list it, while its PDS serves it."""
    alice = world.create_account("alice.test")
    alice.create(COLLECTION, {})
    world.relay.takedown(alice.did, START)
    status = await relay.json("getRepoStatus", did=alice.did)
    assert status == {"did": alice.did, "active": False, "status": "takendown"}
    listed = await relay.json("listReposByCollection", collection=COLLECTION)
    assert listed["repos"] == []
    world.relay.untakedown(alice.did, START)
    assert (await relay.json("getRepoStatus", did=alice.did))["active"]


async def test_hosts(world: World, relay: Sync) -> None:
    """Every PDS, with its own sequence number and count of accounts."""
    world.create_account("alice.test", pds=0)
    world.create_account("bob.test", pds=1)
    world.create_account("carol.test", pds=1)
    hosts = (await relay.json("listHosts"))["hosts"]
    assert hosts == [
        {"hostname": pds.host.name, "seq": pds.log.last, "accountCount": n, "status": "active"}
        for pds, n in zip(world.pdses, (1, 2), strict=True)
    ]
    one = await relay.json("getHostStatus", hostname=world.pdses[1].host.name)
    assert one == hosts[1]
    assert await relay.error("getHostStatus", hostname="pds.test") == (404, "HostNotFound")
