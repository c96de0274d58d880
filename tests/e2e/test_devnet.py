"""A real network: two real PDSes and a real PLC directory, and people who use them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from atp.cbor import encode
from atp.data import record_from_json
from lexicons.names import Names
from ops.devnet.network import Devnet
from ops.devnet.pds import Pds
from tests.e2e.running import config, facts, indexing, opened, records, until
from tests.e2e.traffic import drive, drive_script

NAMES = Names()


async def truth(net: Devnet) -> dict[str, tuple[str, str]]:
    """Every record of ours that `listRecords` returns on the PDSes, as `records` shows it."""
    found = {}
    async with aiohttp.ClientSession() as http:
        for index in range(len(net.pds_urls)):
            pds = Pds(http, net, index)
            for did in await pds.list_repos():
                for collection in NAMES.collections:
                    for record in await pds.list_records(did, collection):
                        block = encode(record_from_json(record.value))
                        found[str(record.uri)] = (record.cid.hex(), block.hex())
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("script", [False, True], ids=["traffic", "reference script"])
async def test_the_index_equals_the_pdses(
    devnet: Devnet, tmp_path: Path, request: pytest.FixtureRequest, *, script: bool
) -> None:
    """Every record that the PDSes list is in the index with CID and value, and nothing else."""
    streams = tuple(url.replace("http", "ws", 1) for url in devnet.pds_urls)
    folder = tmp_path / "data"
    settings = config(folder, streams[0], devnet.plc_url, *devnet.pds_urls)
    async with indexing(replace(settings, relays=streams)):
        if script:
            shared: Path = request.getfixturevalue("shared")
            await drive_script(devnet, shared / "devnet/traffic.py")
        else:
            await drive(devnet)
        expected = await truth(devnet)
        assert len(expected) > 50
        await until(lambda: records(folder) == expected)
        await until(lambda: not unverified(folder))
    shown = {row[1]: row[5] for row in facts(folder) if row[0] == "record"}
    assert shown.keys() >= expected.keys()
    with opened(folder) as conn:
        states = set(conn.execute("SELECT state, reason FROM repos").fetchall())
    assert states == {("synchronized", None), ("desynchronized", "account_deleted")}


def unverified(folder: Path) -> list[str]:
    """Accounts whose handle is not verified yet."""
    with opened(folder) as conn:
        return [
            did
            for (did,) in conn.execute(
                "SELECT did FROM actors WHERE handle_due IS NOT NULL"
                " AND (handle IS NULL OR handle = 'handle.invalid')"
            )
        ]
