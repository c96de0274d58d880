"""A repo whose PDS is hostile costs bounded time, memory and disk, says so, and harms no other."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from atp import car
from atp.cid import Cid
from atp.mst import Node
from indexer.ration import POOL, SHARE
from indexer.resync import AT_ONCE
from lexicons.names import Names
from ops.world.account import Account
from ops.world.network import World
from pds_client.sync import GRACE, MAX_REPO
from tests.clock import now
from tests.e2e.hostile import (
    Bad,
    announces,
    committing,
    drips,
    endless,
    gzip_bomb,
    many_blocks,
    redirects,
    says,
    sends,
    signed,
)
from tests.e2e.plyr import serving
from tests.e2e.running import records, until
from tests.e2e.test_serve import get
from tests.indexer.authors import track

NAMES = Names()
HONEST = 8
SLOWEST = GRACE + 70.0
"""Seconds within which every first attempt has ended, on a machine that is busy."""
MEMORY = 1_200_000_000
"""Bytes of memory that an indexer has at most while this goes on."""
DISK = AT_ONCE * SHARE + POOL


def crimes(by: Account, other: Account) -> dict[str, tuple[Bad, str]]:
    """Every crime that one request shows, and the failure that it is."""
    whole = by.repo.to_car()
    content = car.read(whole)
    value = Cid.for_cbor(b"\xa0")
    low, high = b"fm.plyr.track/a", b"fm.plyr.track/z"
    leaf = Node((high,), (value,), (None, None))
    unplaced = Node((low,), (value,), (None, leaf.cid))
    bare = Node((), (), (leaf.cid,))
    never = Node((), (), (None,))
    towards_nothing = Node((low,), (value,), (never.cid, never.cid))
    bodies = {
        "another account's": (other.repo.to_car(), "wrong_repo"),
        "forged": (_forged(by, other), "bad_signature"),
        "wrong root": (car.write([by.repo.head.data], content.blocks.items()), "bad_commit"),
        "no root": (car.write([], content.blocks.items()), "bad_repo"),
        "cut off": (whole[:-1], "bad_repo"),
        "empty": (b"", "bad_repo"),
        "a web page": (b"<!doctype html><title>Welcome</title>", "bad_repo"),
        "a length of 2^70": (b"\xff" * 10 + whole, "bad_repo"),
        "a header of 2^40": (b"\x80\x80\x80\x80\x80\x20" + whole, "bad_repo"),
        "wrong hash": (signed(by, root=value, extra=b"\xa1"), "bad_repo"),
        "huge node": (_huge(by), "bad_repo"),
        "misplaced keys": (signed(by, unplaced, leaf), "bad_repo"),
        "a root without keys": (signed(by, bare, leaf), "bad_repo"),
        "empty nodes": (signed(by, towards_nothing, never), "bad_repo"),
        "missing nodes": (signed(by, unplaced), "bad_repo"),
    }
    answers = {
        "silent": (Bad(endless, silent=True), "host_unavailable"),
        "drips": (Bad(drips), "host_unavailable"),
        "garbage": (Bad(says(b"SSH-2.0-OpenSSH_9.9\r\n")), "host_unavailable"),
        "endless": (Bad(endless), "too_large"),
        "gzip bomb": (Bad(gzip_bomb()), "too_large"),
        "2 GB announced": (Bad(announces(2_000_000_000)), "too_large"),
        "millions of blocks": (Bad(many_blocks), "bad_repo"),
        "credentials": (Bad(redirects(b"http://169.254.169.254/latest/")), "host_refused"),
        "redirects in circles": (Bad(redirects(b"?did=" + by.did.encode())), "refused"),
    }
    return answers | {name: (Bad(sends(body)), why) for name, (body, why) in bodies.items()}


def _forged(by: Account, other: Account) -> bytes:
    """The account's own commit under somebody else's key."""
    ours = by.repo.key
    by.repo.key = other.repo.key
    try:
        return signed(by, Node((), (), (None,)))
    finally:
        by.repo.key = ours


def _huge(by: Account) -> bytes:
    """A tree of one node, larger than any that is read."""
    block = bytes(4_000_000)
    return signed(by, root=Cid.for_cbor(block), extra=block)


class Watch:
    """What the processes of a service take: most memory of one, most disk in deleted files."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self.memory = self.disk = 0

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            for process in Path("/proc").glob("[0-9]*"):
                self._look(process)
            await asyncio.sleep(0.05)

    def _look(self, process: Path) -> None:
        try:
            if self._folder.encode() not in (process / "cmdline").read_bytes():
                return
            status = (process / "status").read_text()
            files = [(file, str(file.readlink())) for file in (process / "fd").iterdir()]
            ours = [file for file, name in files if name.startswith(self._folder)]
            deleted = [file.stat() for file in ours if str(file.readlink()).endswith("(deleted)")]
        except OSError:
            return  # it has just ended, or closed the file
        self.disk = max(self.disk, sum(file.st_blocks * 512 for file in deleted))
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0")
        self.memory = max(self.memory, int(peak.split()[1]) * 1_024)


async def test_hostile_hosts_harm_nobody(tmp_path: Path) -> None:
    """All crimes at once, against the service as it is: honest repos are synchronized meanwhile."""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc on this system")
    async with World(23, now, window=1) as world, AsyncExitStack() as stack:
        other = world.create_account("other.test")
        victim = world.create_account("victim.test")
        expected: dict[Account, tuple[str, str]] = {}
        for number, name in enumerate(["gone", *crimes(victim, other)]):
            account = world.create_account(f"bad{number}.test")
            account.create(NAMES.track, track(title=name))
            why = "host_unavailable"
            url = "http://localhost:1"
            if name != "gone":
                bad, why = crimes(account, other)[name]
                url = await stack.enter_async_context(committing(account, bad))
            account.identity.move(account.repo.key.public_key, url)
            expected[account] = (name, why)
        liar = world.create_account("liar.test")
        old = liar.create(NAMES.track, track(title="an old state")).uri
        past = Bad(sends(liar.repo.to_car()))
        url = await stack.enter_async_context(committing(liar, past))
        liar.identity.move(liar.repo.key.public_key, url)
        liar.create(NAMES.track, track(title="told by nobody"))
        expected[liar] = ("an old state", "stale")
        honest = [world.create_account(f"good{n}.test") for n in range(HONEST)]
        wanted = {good.create(NAMES.track, track(title="still here")).uri for good in honest}
        flags = (f"--relays={world.relay_url}", f"--plc-url={world.plc_url}")
        async with serving(tmp_path, *flags) as said, aiohttp.ClientSession() as http:
            watch = Watch(tmp_path)
            watching = asyncio.create_task(watch.run())
            wanted.add(old)
            await until(lambda: wanted <= records(tmp_path).keys())
            wanted.add(liar.create(NAMES.track, track(title="does not follow on the old")).uri)
            found: dict[str, str | None] = {}
            async with asyncio.timeout(SLOWEST):
                while dict(expected.values()) != found:
                    found = {
                        name: (await status(http, said["appview"], account)).get("failure")
                        for account, (name, _) in expected.items()
                    }
                    await asyncio.sleep(0.2)
            watching.cancel()
            assert wanted == records(tmp_path).keys()
            for good in honest:
                assert (await status(http, said["appview"], good))["state"] == "synchronized"
        assert MAX_REPO * 0.9 < watch.disk <= DISK
        assert watch.memory < MEMORY


async def status(http: aiohttp.ClientSession, url: str, account: Account) -> dict[str, Any]:
    """What the service says of an account's repo; nothing before it knows of it."""
    code, body = await get(
        http, f"{url}/xrpc/{NAMES.query('sync.getRepoStatus')}?did={account.did}"
    )
    return dict(body) if code == 200 else {}
