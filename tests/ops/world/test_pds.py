"""A PDS beyond its repositories: what it says of itself, and handles by host name."""

from __future__ import annotations

import aiohttp

from ops.world.network import World


async def test_describes_itself(world: World, http: aiohttp.ClientSession) -> None:
    """Health and server description answer, the latter with the PDS's own did:web."""
    base = world.pds_urls[0]
    async with http.get(f"{base}/xrpc/_health") as response:
        assert "version" in await response.json()
    async with http.get(f"{base}/xrpc/com.atproto.server.describeServer") as response:
        answer = await response.json()
    assert answer["did"] == "did:web:" + base.removeprefix("http://").replace(":", "%3A")
    assert answer["availableUserDomains"] == [".test"]


async def test_handles_by_host_name(world: World, http: aiohttp.ClientSession) -> None:
    """/.well-known/atproto-did answers for the account whose handle is the host asked for."""
    alice = world.create_account("alice.test")
    world.create_account("bob.test", pds=1)
    url = f"{world.pds_urls[0]}/.well-known/atproto-did"
    for host in ("alice.test", "alice.test:443"):
        async with http.get(url, headers={"Host": host}) as response:
            assert (response.status, await response.text()) == (200, alice.did)
    for host in ("bob.test", "localhost"):
        async with http.get(url, headers={"Host": host}) as response:
            assert response.status == 404


async def test_followers_hear_everything_in_order(world: World) -> None:
    """Who follows a PDS is handed each message once, as it happens."""
    heard: list[object] = []
    world.pdses[0].followers.append(heard.append)
    alice = world.create_account("alice.test", pds=0)
    world.create_account("bob.test", pds=1)
    alice.create("com.example.note", {})
    assert [type(message).__name__ for message in heard] == [
        "IdentityMsg",
        "AccountMsg",
        "CommitMsg",
        "SyncMsg",
        "CommitMsg",
    ]


async def test_a_lie_is_served_until_it_is_taken_back(
    world: World, http: aiohttp.ClientSession
) -> None:
    """A PDS answers getRepo with the CAR that was put in the place of the repository."""
    alice = world.create_account("alice.test")
    [pds, *_] = world.pdses
    old = alice.repo.to_car()
    alice.create("com.example.note", {})
    url = f"{pds.host.url}/xrpc/com.atproto.sync.getRepo?did={alice.did}"
    for lies, expected in (({alice.did: old}, old), ({}, alice.repo.to_car())):
        pds.lies = lies
        async with http.get(url) as response:
            assert await response.read() == expected
