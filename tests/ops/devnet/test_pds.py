"""Acting as users of a real PDS, seen back through its public side."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import aiohttp
import orjson
import pytest

from atp.syntax import Handle, Nsid, RecordKey
from ops.devnet.account import Account, Create, Delete, Update
from ops.devnet.install import INSTALL_TIMEOUT_S
from ops.devnet.network import Devnet
from ops.devnet.pds import Pds
from ops.devnet.xrpc import PdsError

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(INSTALL_TIMEOUT_S),  # the first test of all may have to install
]

TRACK = Nsid.parse("fm.plyr.track")
COMMENT = Nsid.parse("fm.plyr.comment")


def _track(title: str) -> dict[str, str]:
    return {"$type": str(TRACK), "title": title}


async def _status(http: aiohttp.ClientSession, net: Devnet, account: Account) -> str:
    params = {"did": str(account.did)}
    url = f"{net.pds_urls[0]}/xrpc/com.atproto.sync.getRepoStatus"
    async with http.get(url, params=params) as response:
        said = await response.json()
    return "active" if said.get("active") else str(said.get("status") or said["error"])


async def test_records_come_back(devnet: Devnet, http: aiohttp.ClientSession) -> None:
    """What a user writes is what ``listRecords`` returns, with the CID that the write named."""
    pds = Pds(http, devnet)
    alice = await pds.create_account(Handle.parse("alice.test"))
    made = [await alice.create_record(TRACK, _track(f"{n}")) for n in range(3)]
    key = RecordKey.parse("mine")
    await alice.put_record(TRACK, key, _track("first"))
    put = await alice.put_record(TRACK, key, _track("second"))
    await alice.delete_record(TRACK, made[0].rkey)
    records = {each.uri: each for each in await pds.list_records(alice.did, TRACK)}
    assert set(records) == {made[1].uri, made[2].uri, put.uri}
    assert records[put.uri].value == _track("second")
    assert records[put.uri].cid == put.cid
    assert alice.did in await pds.list_repos()


async def test_lists_are_read_to_their_end(devnet: Devnet, http: aiohttp.ClientSession) -> None:
    """More records than one page come back whole; they were made in one commit."""
    pds = Pds(http, devnet)
    bob = await pds.create_account(Handle.parse("bob.test"))
    await bob.apply_writes([Create(COMMENT, {"n": n}) for n in range(150)])
    records = await pds.list_records(bob.did, COMMENT)
    assert sorted(record.value["n"] for record in records) == list(range(150))


async def test_one_commit_of_mixed_writes(devnet: Devnet, http: aiohttp.ClientSession) -> None:
    """Create, update and delete go together in ``apply_writes``."""
    pds = Pds(http, devnet)
    carol = await pds.create_account(Handle.parse("carol.test"))
    one, two, three = (RecordKey.parse(name) for name in ("one", "two", "three"))
    await carol.apply_writes([Create(TRACK, _track("a"), one), Create(TRACK, _track("b"), two)])
    await carol.apply_writes(
        [Create(TRACK, _track("c"), three), Update(TRACK, _track("B"), two), Delete(TRACK, one)]
    )
    records = await pds.list_records(carol.did, TRACK)
    assert {record.value["title"] for record in records} == {"B", "c"}


async def test_blob_is_served(devnet: Devnet, http: aiohttp.ClientSession) -> None:
    """A blob that a record names is served with its bytes and type."""
    dan = await Pds(http, devnet).create_account(Handle.parse("dan.test"))
    blob = await dan.upload_blob(b"RIFF0000WAVE", "audio/wav")
    await dan.create_record(TRACK, {**_track("heard"), "audioBlob": blob})
    async with http.get(
        f"{devnet.pds_urls[0]}/xrpc/com.atproto.sync.getBlob",
        params={"did": str(dan.did), "cid": blob["ref"]["$link"]},
    ) as response:
        assert response.content_type == "audio/wav"
        assert await response.read() == b"RIFF0000WAVE"


async def test_life_of_an_account(devnet: Devnet, http: aiohttp.ClientSession) -> None:
    """Handle change, rest, takedown and deletion show on the PLC directory and the PDS."""
    pds = Pds(http, devnet)
    erin = await pds.create_account(Handle.parse("erin.test"))
    await erin.update_handle(Handle.parse("erina.test"))
    async with http.get(f"{devnet.plc_url}/{erin.did}") as response:
        assert (await response.json())["alsoKnownAs"] == ["at://erina.test"]
    seen = [await _status(http, devnet, erin)]
    for step in (
        erin.deactivate(),
        erin.activate(),
        pds.take_down(erin.did),
        pds.undo_takedown(erin.did),
        erin.delete(),
    ):
        await step
        seen.append(await _status(http, devnet, erin))
    assert seen == ["active", "deactivated", "active", "takendown", "active", "RepoNotFound"]


async def test_second_pds_is_another_host(devnet: Devnet, http: aiohttp.ClientSession) -> None:
    """Accounts of the second PDS are known to the same directory, and to no other PDS."""
    grace = await Pds(http, devnet, 1).create_account(Handle.parse("grace.pds1.test"))
    async with http.get(f"{devnet.plc_url}/{grace.did}") as response:
        [service] = (await response.json())["service"]
    assert service["serviceEndpoint"] == devnet.pds_urls[1]
    assert grace.did not in await Pds(http, devnet, 0).list_repos()


async def test_refusal_has_its_name(devnet: Devnet, http: aiohttp.ClientSession) -> None:
    """A refused call raises the status and the name that the PDS gave it."""
    handle = Handle.parse("heidi.test")
    await Pds(http, devnet).create_account(handle)
    with pytest.raises(PdsError, match="already taken") as caught:
        await Pds(http, devnet).create_account(handle)
    assert (caught.value.status, caught.value.error) == (400, "InvalidRequest")


async def test_expired_token_is_renewed(devnet: Devnet, http: aiohttp.ClientSession) -> None:
    """A user whose access token has run out signs in again and goes on."""
    ivan = await Pds(http, devnet).create_account(Handle.parse("ivan.test"))
    ivan._access_token = _expired(ivan._access_token)
    await ivan.create_record(TRACK, _track("later"))
    await ivan.create_record(TRACK, _track("later still"))


def _expired(token: str) -> str:
    """The same token, ended an hour ago; the network's signing secret is no secret."""
    header, payload, _ = token.split(".")
    claims = orjson.loads(base64.urlsafe_b64decode(payload + "=="))
    now = int(time.time())
    ended = _base64url(orjson.dumps({**claims, "iat": now - 7200, "exp": now - 3600}))
    signed = f"{header}.{ended}"
    mac = hmac.new(b"jwt-secret", signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64url(mac)}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
