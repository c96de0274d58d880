"""Whoever asks a running AppView about a record gets a proof that holds without trusting it."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from atp.syntax import AtUri
from lexicons.names import GET_RECORD, Names
from ops.world.account import Account
from ops.world.network import World
from tests.atp.second_opinion import proven
from tests.clock import now
from tests.e2e.plyr import serving, told
from tests.e2e.running import opened, records
from tests.e2e.test_kill import truth
from tests.indexer.authors import comment, like, playlist, track

NAMES = Names()
ABSENT = "3kaaaaaaaaaa2"


def populate(world: World) -> list[Account]:
    """Accounts with records of all kinds, and more of other applications."""
    mira, ada = world.create_account("mira.test"), world.create_account("ada.test")
    made = [mira.create(NAMES.track, track(title=f"t{n}")).to_json() for n in range(12)]
    for subject in made:
        ada.create(NAMES.like, like(subject))
    ada.create(NAMES.comment, comment(made[0]))
    ada.create(NAMES.list, playlist(made))
    for n in range(40):
        mira.create("app.bsky.feed.post", {"text": f"noise {n}"})
        ada.create("app.bsky.feed.post", {"text": f"noise {n}"})
    return [mira, ada]


async def car(http: aiohttp.ClientSession, url: str, uri: AtUri) -> tuple[int, bytes]:
    """Status and body of the query about a record."""
    assert uri.collection is not None
    assert uri.rkey is not None
    params = {"did": str(uri.authority), "collection": uri.collection, "rkey": uri.rkey}
    async with http.get(f"{url}/xrpc/{GET_RECORD}", params=params) as answer:
        return answer.status, await answer.read()


@pytest.mark.timeout(200)
async def test_every_record_of_a_fetched_repo_is_proven(tmp_path: Path) -> None:
    """Of repos that came whole there is no kept proof; each record is proven all the same."""
    async with World(5, now) as world:
        accounts = populate(world)
        assert (await told(tmp_path, world, "backfill", "--start=live"))[0] == 0
        ours = {uri for uri in truth(world) if "/fm.plyr." in uri}
        assert set(records(tmp_path)) == ours
        flags = (f"--relays={world.relay_url}", f"--plc-url={world.plc_url}", "--start=live")
        async with serving(tmp_path, *flags) as said, aiohttp.ClientSession() as http:
            with opened(tmp_path) as conn:
                assert conn.execute("SELECT count(*) FROM proof_blocks").get == 0
            keys = {one.did: one.repo.key.public_key.did_key() for one in accounts}
            for uri in map(AtUri.parse, ours):
                path = f"{uri.collection}/{uri.rkey}"
                account = next(one for one in accounts if one.did == uri.authority)
                status, body = await car(http, said["appview"], uri)
                assert status == 200, body
                found = proven(body, account.did, keys[account.did], path)
                assert found == (account.repo.head.rev, account.repo.records[path].block)
            for account in accounts:
                uri = account_uri(account, ABSENT)
                status, body = await car(http, said["appview"], uri)
                absent = f"{NAMES.track}/{ABSENT}"
                assert status == 200, body
                assert proven(body, account.did, keys[account.did], absent)[1] is None
            post = next(p for p in accounts[0].repo.records if p.startswith("app.bsky"))
            uri = AtUri.parse(f"at://{accounts[0].did}/{post}")
            assert (await car(http, said["appview"], uri))[0] == 400


async def test_a_new_key_is_found_and_silence_is_no_answer(tmp_path: Path) -> None:
    """What the web process remembers of an account is renewed; a PDS that is gone proves nothing."""
    async with World(5, now) as world:
        mira, _ = populate(world)
        assert (await told(tmp_path, world, "backfill", "--start=live"))[0] == 0
        flags = (f"--relays={world.relay_url}", f"--plc-url={world.plc_url}", "--start=live")
        async with serving(tmp_path, *flags) as said, aiohttp.ClientSession() as http:
            for rkey in (ABSENT, "3kaaaaaaaaab2"):
                status, body = await car(http, said["appview"], account_uri(mira, rkey))
                assert status == 200, body
                key = mira.repo.key.public_key.did_key()
                assert proven(body, mira.did, key, f"{NAMES.track}/{rkey}")[1] is None
                mira.rotate_key()
            await world.pdses[0].host.stop()
            status, body = await car(http, said["appview"], account_uri(mira, "3kaaaaaaaaac2"))
            assert status == 502
            assert b"UpstreamFailure" in body


def account_uri(account: Account, rkey: str) -> AtUri:
    """A track of an account, there or not."""
    return AtUri.parse(f"at://{account.did}/{NAMES.track}/{rkey}")
