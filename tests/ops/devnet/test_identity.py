"""What changes an account's DID document, seen from outside."""

from __future__ import annotations

import aiohttp
import pytest

from atp.car import read
from atp.commit import Commit
from atp.did_doc import DidDocument
from atp.syntax import Did, Handle, Nsid, RecordKey
from ops.devnet.identity import migrate, rotate_key
from ops.devnet.install import INSTALL_TIMEOUT_S
from ops.devnet.network import Devnet
from ops.devnet.pds import Pds
from ops.devnet.xrpc import PdsError

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(INSTALL_TIMEOUT_S),  # the first test of all may have to install
]

TRACK = Nsid.parse("fm.plyr.track")


async def _document(http: aiohttp.ClientSession, net: Devnet, did: Did) -> DidDocument:
    async with http.get(f"{net.plc_url}/{did}") as response:
        return DidDocument.parse(await response.json(content_type=None), did)


async def _head(http: aiohttp.ClientSession, pds_url: str, did: Did) -> Commit:
    url = f"{pds_url}/xrpc/com.atproto.sync.getRepo"
    async with http.get(url, params={"did": str(did)}) as response:
        car = read(await response.read())
    return Commit.from_bytes(car.blocks[car.roots[0]])


async def test_a_migration_takes_everything_along(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    """Records, blobs and name are at the new PDS, which the DID names."""
    old, new = Pds(http, devnet, 0), Pds(http, devnet, 1)
    nomad = await old.create_account(Handle.parse("nomad.test"))
    sound = await nomad.upload_blob(b"RIFF0000WAVE", "audio/wav")
    await nomad.create_record(TRACK, {"$type": str(TRACK), "audioBlob": sound})
    before = await old.list_records(nomad.did, TRACK)
    moved = await migrate(nomad, new, Handle.parse("nomad.pds1.test"))
    assert await new.list_records(nomad.did, TRACK) == before
    assert await moved.missing_blobs() == []
    document = await _document(http, devnet, nomad.did)
    assert (document.pds, document.handle) == (devnet.pds_urls[1], "nomad.pds1.test")
    await nomad.deactivate()
    with pytest.raises(PdsError, match=r"[Dd]eactivated"):
        await nomad.create_record(TRACK, {"$type": str(TRACK)})
    await moved.create_record(TRACK, {"$type": str(TRACK)}, RecordKey.parse("there"))
    assert len(await new.list_records(nomad.did, TRACK)) == 2
    key = document.signing_key
    assert key is not None
    assert (await _head(http, devnet.pds_urls[1], nomad.did)).verify(key)


async def test_a_rotated_key_signs_what_follows(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    """The DID names another key than before, and the next commit is signed with it."""
    pds = Pds(http, devnet)
    judy = await pds.create_account(Handle.parse("judy.test"))
    before = (await _document(http, devnet, judy.did)).signing_key
    await rotate_key(judy, pds)
    after = (await _document(http, devnet, judy.did)).signing_key
    assert after is not None
    assert after != before
    await judy.create_record(TRACK, {"$type": str(TRACK)})
    assert (await _head(http, devnet.pds_urls[0], judy.did)).verify(after)
