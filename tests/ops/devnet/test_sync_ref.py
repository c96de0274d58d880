"""The reference consumer agrees with the network that we start, and can disagree."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from atp.syntax import Handle, Nsid, RecordKey
from ops.devnet.account import Create, Delete, Update
from ops.devnet.install import INSTALL_TIMEOUT_S
from ops.devnet.network import Devnet
from ops.devnet.pds import Pds
from tests.ops.devnet.reference_consumer import consume

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(INSTALL_TIMEOUT_S),  # the first test of all may have to install
]

TRACK = Nsid.parse("fm.plyr.track")


async def test_accepts_a_real_firehose(
    installed: Path, devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    """Every commit of a real PDS passes its checks; with another directory none does."""
    alice = await Pds(http, devnet).create_account(Handle.parse("alice.test"))
    keys = [RecordKey.parse(name) for name in ("one", "two", "three")]
    await alice.apply_writes([Create(TRACK, {"title": key}, key) for key in keys])
    await alice.apply_writes([Update(TRACK, {"title": "!"}, keys[0]), Delete(TRACK, keys[1])])
    relay = devnet.pds_urls[0].replace("http", "ws", 1)
    consumed = await consume(installed, relay, devnet.plc_url)
    assert consumed.errors == []
    assert consumed.count[f"create {TRACK}"] == 3
    assert consumed.count[f"update {TRACK}"] == 1
    assert consumed.count[f"delete {TRACK}"] == 1
    assert consumed.count["account"] == 1
    stranger = await consume(installed, relay, devnet.ctrl_url)
    assert stranger.errors
    assert f"create {TRACK}" not in stranger.count
