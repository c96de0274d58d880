"""Law 1: a kill at any instruction loses nothing and doubles nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

import pytest
from aiohttp import ClientSession
from apsw import SQLError

from atp import cbor
from atp.cbor import encode
from atp.data import record_from_json
from atp.runtime import eventlog
from atp.runtime.sqlite import StoreError
from lexicons.names import Names
from ops.world.account import Account
from ops.world.network import World
from tests.clock import now
from tests.conftest import LONG, ROOT
from tests.e2e.observed import VARIABLE, mapped
from tests.e2e.running import cursor, opened, records, until
from tests.ports import free_port

KILLS = 200 if LONG else 20
RATE = 250  # commits a second that are aimed at
NAMES = Names()


async def publish(accounts: list[Account], random: Random, made: list[tuple[str, str]]) -> None:
    """Commit for ever: creates, updates and deletes, RATE a second."""
    tracks: list[dict[str, str]] = []
    started = time.monotonic()
    while True:
        account = random.choice(accounts)
        mine = list(account.repo.records)
        what = random.random()
        if mine and what < 0.15:
            collection, _, rkey = random.choice(mine).partition("/")
            account.delete(collection, rkey)
        elif mine and what < 0.3:
            path = random.choice(mine)
            collection, _, rkey = path.partition("/")
            value = dict(account.repo.records[path].value)
            value["createdAt"] = "2026-01-01T00:00:00.000Z"
            account.update(collection, rkey, value)
        elif what < 0.6 or not tracks:
            ref = account.create(NAMES.track, track(len(tracks)))
            tracks.append(ref.to_json())
        else:
            subject = random.choice(tracks)
            stamp = "2026-02-02T00:00:00.000Z"
            account.create(NAMES.like, {"subject": subject, "createdAt": stamp})
        made.append((account.did, account.repo.head.rev))
        ahead = len(made) / RATE - (time.monotonic() - started)
        await asyncio.sleep(max(0.0, ahead))


def track(number: int) -> dict[str, object]:
    """A valid track record."""
    return {
        "title": f"track {number}",
        "artist": "somebody",
        "fileType": "mp3",
        "audioUrl": "https://audio.example.com/a.mp3",
        "duration": 10,
        "createdAt": "2026-01-01T00:00:00.000Z",
    }


def start(folder: Path, world: World, byte: Path, port: int) -> subprocess.Popen[bytes]:
    """`plyr serve`, in a process group of its own."""
    flags = {
        "--data-dir": str(folder),
        "--relays": world.relay_url,
        "--plc-url": world.plc_url,
        "--handle-resolver-url": world.pds_urls[0],
        "--allow-private-hosts": "on",
        "--listen": f"127.0.0.1:{port}",
    }
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.e2e.observed",
            "serve",
            "--json",
            *(f"{flag}={value}" for flag, value in flags.items()),
        ],
        cwd=ROOT,
        env={**os.environ, VARIABLE: str(byte)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the whole group, if it still is, and wait until it is gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.timeout(1_800 if LONG else 400)
async def test_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    """Under at least 100 commits a second, most kills inside an open transaction."""
    random = Random(11)
    flag = tmp_path / "open"
    flag.write_bytes(b"\0")
    byte = mapped(flag)
    folder = tmp_path / "data"
    port = free_port()
    async with World(5, now) as world:
        accounts = [world.create_account(f"user{n}.test") for n in range(8)]
        made: list[tuple[str, str]] = []
        begun = time.monotonic()
        publishing = asyncio.create_task(publish(accounts, random, made))
        inside = 0
        for _ in range(KILLS):
            before = log_head(folder)
            process = start(folder, world, flag, port)
            try:
                await until(partial(moved, folder, before))
                await asyncio.sleep(random.random() / 2)
                async with asyncio.timeout(10):
                    while not byte[0]:
                        await asyncio.sleep(0)
            finally:
                kill(process)
            inside += byte[0]
            byte[0] = 0
        rate = len(made) / (time.monotonic() - begun)
        publishing.cancel()
        assert rate >= 100
        assert inside > KILLS / 2

        expected = truth(world)
        process = start(folder, world, flag, port)
        try:
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline), "ready"
            await caught_up(folder, world)
            async with ClientSession() as http:
                url = f"http://127.0.0.1:{port}/xrpc/{NAMES.query('server.getStats')}"
                async with http.get(url) as answer:
                    stats = await answer.json()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 10) == 0
        finally:
            kill(process)
        assert stats["tracks"] == sum(f"/{NAMES.track}/" in uri for uri in expected)
    assert records(folder) == expected
    entries = log(folder)
    assert len(entries) == len({(uri, rev) for uri, rev, _ in entries})
    live = [(uri.split("/")[2], rev) for uri, rev, repair in entries if not repair]
    whole: dict[str, str] = {}
    for uri, rev, repair in entries:
        did = uri.split("/")[2]
        whole[did] = max(whole.get(did, ""), rev if repair else "")
    # Each commit is told once, but for what was overwritten before its repo was fetched whole.
    untold = set(made) - set(live)
    assert len(live) == len(set(live))
    assert set(live) <= set(made)
    assert [one for one in untold if one[1] > whole.get(one[0], "")] == []


async def caught_up(folder: Path, world: World) -> None:
    """Wait until everything is stored, however much there is, as long as it goes on."""
    while (stored := cursor(folder)) != world.relay.log.last:
        await until(partial(moved_from, folder, stored))


def moved_from(folder: Path, stored: int | None) -> bool:
    """Whether the cursor is another by now."""
    return cursor(folder) != stored


def truth(world: World) -> dict[str, tuple[str, str]]:
    """What the accounts hold, as `records` shows it."""
    return {
        str(uri): (cid.hex(), encode(record_from_json(value)).hex())
        for uri, (cid, value) in world.records().items()
    }


def log(folder: Path) -> list[tuple[str, str, bool]]:
    """Every write that the event log tells of: which URI, at which rev, whether as a repair."""
    entries = []
    with opened(folder) as conn:
        events = eventlog.read_after(conn, 0, 1_000_000)
    for _, kind, payload in events:
        if kind in ("create", "update", "delete"):
            entry = cbor.decode_map(payload)
            entries.append((str(entry["uri"]), str(entry["rev"]), "repair" in entry))
    return entries


def moved(folder: Path, before: int) -> bool:
    """Whether the event log has grown."""
    return log_head(folder) > before


def log_head(folder: Path) -> int:
    """The newest entry of the event log; 0 before there is one."""
    try:
        with opened(folder) as conn:
            return eventlog.last_seq(conn)
    except (StoreError, SQLError):  # the file may be half made
        return 0
