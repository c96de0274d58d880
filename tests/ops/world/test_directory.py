"""The PLC directory takes only what follows and is signed, and answers as plc.directory does."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from atp.did_doc import DidDocument
from atp.keys import Curve
from ops.world.keys import Secrets
from ops.world.network import World
from ops.world.plc import OperationError, PlcData, cid_of, did_of, tombstone

SECRETS = Secrets(9, "someone")
ROTATION = SECRETS.key("rotation", Curve.P256)
STRANGER = SECRETS.key("stranger", Curve.P256)
DATA = PlcData(
    rotation_keys=(ROTATION.public_key,),
    verification_methods={"atproto": STRANGER.public_key},
    also_known_as=("at://alice.test",),
    services={},
)
GENESIS = DATA.operation(None, ROTATION)
DID = did_of(GENESIS)


async def get(http: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    async with http.get(url) as response:
        return response.status, await response.json(content_type=None)


async def test_serves_the_identity(world: World, http: aiohttp.ClientSession) -> None:
    """Document, data and logs of an account agree with the account."""
    alice = world.create_account("alice.test", pds=1)
    alice.set_handle("alicia.test")
    base = f"{world.plc_url}/{alice.did}"
    status, raw = await get(http, base)
    document = DidDocument.parse(raw, alice.did)
    assert status == 200
    assert document.handle == "alicia.test"
    assert document.signing_key == alice.repo.key.public_key
    assert document.pds == world.pds_urls[1]
    _, data = await get(http, f"{base}/data")
    assert data["did"] == alice.did
    assert data["alsoKnownAs"] == ["at://alicia.test"]
    assert data["verificationMethods"] == {"atproto": alice.repo.key.public_key.did_key()}
    _, log = await get(http, f"{base}/log")
    _, last = await get(http, f"{base}/log/last")
    _, audit = await get(http, f"{base}/log/audit")
    assert did_of(log[0]) == alice.did
    assert [entry["operation"] for entry in audit] == log
    assert [operation["prev"] for operation in log] == [None, *(e["cid"] for e in audit[:-1])]
    assert last == log[-1]


async def test_unknown_and_ended(world: World, http: aiohttp.ClientSession) -> None:
    """404 for a DID that never was, 410 for one that was tombstoned; its log stays."""
    status, answer = await get(http, f"{world.plc_url}/{DID}")
    assert (status, answer) == (404, {"message": f"DID not registered: {DID}"})
    world.plc.submit(DID, GENESIS)
    world.plc.submit(DID, tombstone(cid_of(GENESIS), ROTATION))
    for path in ("", "/data"):
        status, answer = await get(http, f"{world.plc_url}/{DID}{path}")
        assert (status, answer) == (410, {"message": f"DID not available: {DID}"})
    assert len((await get(http, f"{world.plc_url}/{DID}/log"))[1]) == 2


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (DATA.operation(None, ROTATION), "not the newest"),
        (DATA.operation(cid_of(GENESIS), STRANGER), "no rotation key"),
        (tombstone(cid_of(GENESIS), STRANGER), "no rotation key"),
    ],
)
async def test_refuses_what_does_not_follow(
    world: World, operation: dict[str, Any], why: str
) -> None:
    """An operation that is not next, or not signed by a rotation key, changes nothing."""
    world.plc.submit(DID, GENESIS)
    with pytest.raises(OperationError, match=why):
        world.plc.submit(DID, operation)
    assert world.plc.newest(DID).operation == GENESIS


async def test_refuses_a_genesis_of_another_did(world: World) -> None:
    """A DID belongs to the operation it is the hash of."""
    other = world.create_account("alice.test").did
    stray = did_of(DATA.operation(None, STRANGER))
    with pytest.raises(OperationError, match="the genesis operation makes"):
        world.plc.submit(stray, GENESIS)
    with pytest.raises(OperationError, match="not the newest"):
        world.plc.submit(other, GENESIS)


async def test_nothing_follows_a_tombstone(world: World) -> None:
    """A tombstoned DID takes no more operations."""
    world.plc.submit(DID, GENESIS)
    last = tombstone(cid_of(GENESIS), ROTATION)
    world.plc.submit(DID, last)
    with pytest.raises(OperationError, match="no rotation key"):
        world.plc.submit(DID, DATA.operation(cid_of(last), ROTATION))
