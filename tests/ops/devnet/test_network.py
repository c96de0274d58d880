"""The network starts, ends with its parent, and goes on where it was."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import orjson
import pytest

from atp.syntax import Handle, Nsid, RecordKey
from ops.devnet.install import INSTALL_TIMEOUT_S
from ops.devnet.network import Devnet, DevnetError
from ops.devnet.pds import Pds

pytestmark = [
    pytest.mark.usefixtures("installed"),
    pytest.mark.timeout(INSTALL_TIMEOUT_S),  # the first test of all may have to install
]

TRACK = Nsid.parse("fm.plyr.track")


async def _gone(pid: int) -> bool:
    for _ in range(60):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        await asyncio.sleep(0.1)
    return False


def _start_cli(*arguments: str) -> tuple[subprocess.Popen[bytes], dict[str, object]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.devnet", *arguments], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout:
        return process, orjson.loads(process.stdout.readline())


async def test_goes_on_with_the_same_data(tmp_path: Path) -> None:
    """A network with a data folder comes back after a SIGKILL: ports, accounts and records."""
    handle = Handle.parse("alice.test")
    async with aiohttp.ClientSession() as http:
        async with Devnet(pds=1, data_dir=tmp_path) as net:
            urls = (net.plc_url, net.pds_urls, net.ctrl_url)
            alice = await Pds(http, net).create_account(handle)
            ref = await alice.put_record(TRACK, RecordKey.parse("one"), {"$type": str(TRACK)})
            os.kill(net.pid, signal.SIGKILL)
            with pytest.raises(DevnetError, match="status -9"):
                await net.watch()
        async with Devnet(pds=1, data_dir=tmp_path) as net:
            assert (net.plc_url, net.pds_urls, net.ctrl_url) == urls
            again = await Pds(http, net).sign_in(handle)
            assert again.did == alice.did
            [record] = await Pds(http, net).list_records(alice.did, TRACK)
            assert (record.uri, record.cid) == (ref.uri, ref.cid)
            async with http.get(f"{net.plc_url}/{alice.did}") as response:
                assert (await response.json())["alsoKnownAs"] == [f"at://{handle}"]
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 4
    assert await _gone(net.pid)
    assert b'"name":"pds"' in net.log_path.read_bytes()


async def test_other_number_of_pdses_is_refused(tmp_path: Path) -> None:
    """The data of one PDS is not started as two: their DID documents name ports."""
    (tmp_path / "ports.json").write_bytes(orjson.dumps({"plc": 1, "ctrl": 2, "pds": [3]}))
    with pytest.raises(DevnetError, match="of 1 PDSes, not 2"):
        async with Devnet(pds=2, data_dir=tmp_path):
            pass


async def test_failure_shows_the_log(tmp_path: Path) -> None:
    """A network that cannot start says what the log says."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"plc": taken.getsockname()[1], "ctrl": 0, "pds": [0]}
        (tmp_path / "ports.json").write_bytes(orjson.dumps(ports))
        with pytest.raises(DevnetError, match="EADDRINUSE"):
            async with Devnet(pds=1, data_dir=tmp_path):
                pass


async def test_cli_runs_until_interrupted(tmp_path: Path) -> None:
    """``python -m ops.devnet`` prints one line, serves on loopback, and ends with status 0."""
    process, said = _start_cli("--pds", "1", "--data-dir", str(tmp_path))
    async with aiohttp.ClientSession() as http, http.get(f"{said['plc']}/_health") as response:
        assert response.status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert await _gone(int(str(said["pid"])))


async def test_never_outlives_its_parent(tmp_path: Path) -> None:
    """When the parent is killed the network ends by itself."""
    process, said = _start_cli("--pds", "1", "--data-dir", str(tmp_path))
    process.kill()
    process.wait(10)
    assert await _gone(int(str(said["pid"])))
