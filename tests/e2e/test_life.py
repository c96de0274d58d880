"""The index equals a network where people and servers do everything that they can do."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from atp.syntax import Did
from lexicons.names import Names
from ops.devnet.network import Devnet
from tests.conftest import LONG
from tests.e2e.life import Life, Records
from tests.e2e.plyr import answered, serve, serving
from tests.e2e.running import facts, opened, records

NAMES = Names()
SEEDS = range(3) if LONG else range(1)
BUSY = 200 if LONG else 80
STOPS = 15 if LONG else 7
SETTLED = 60.0  # seconds in which the index must have caught up


@pytest.mark.timeout(1_200 if LONG else 300)
@pytest.mark.parametrize("seed", SEEDS)
async def test_the_index_equals_the_pdses_after_a_life(
    devnet: Devnet, tmp_path: Path, seed: int
) -> None:
    """Whatever happened while the indexer was killed, stopped and started: no drift at all."""
    streams = ",".join(url.replace("http", "ws", 1) for url in devnet.pds_urls)
    folder = tmp_path / "data"
    flags = (
        f"--relays={streams}",
        f"--plc-url={devnet.plc_url}",
        f"--handle-resolver-url={','.join(devnet.pds_urls)}",
    )
    random = Random(seed)
    async with aiohttp.ClientSession() as http:
        life = Life(http, devnet, random, busy=BUSY)
        await life.begin()
        await live(life, random, folder, flags)
        await agrees(http, life, folder, flags)


async def live(life: Life, random: Random, folder: Path, flags: tuple[str, ...]) -> None:
    """The life, while `plyr serve` is started and stopped `STOPS` times, wherever it is."""
    steps = life.steps()
    share = -(-len(steps) // STOPS)
    for begin in range(0, len(steps), share):
        process = await serve(folder, *flags, stderr=asyncio.subprocess.DEVNULL)
        assert process.stdout is not None
        try:
            if random.random() < 0.7:  # else it may be stopped before it is ready
                assert await process.stdout.readline()
            stop_before = random.randrange(share)
            for number, step in enumerate(steps[begin : begin + share]):
                if number == stop_before:
                    await asyncio.sleep(random.random() / 2)
                    assert process.returncode is None, "it ended by itself"
                    await stopped(process, random)
                await step()
        finally:
            await stopped(process, random)
    await life.end()


async def stopped(process: asyncio.subprocess.Process, random: Random) -> None:
    """Stop it in order or kill it with all its children, unless it is gone already."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, random.choice((signal.SIGTERM, signal.SIGKILL)))
    async with asyncio.timeout(12):
        await process.communicate()


async def agrees(
    http: aiohttp.ClientSession, life: Life, folder: Path, flags: tuple[str, ...]
) -> None:
    """The index, the audit and the AppView all say what the PDSes say."""
    expected = await life.records()
    assert len(expected) > len(life.people)
    there = {str(person.did): str(person.handle) for person in life.people if person.shown}
    audit = ("audit", f"--data-dir={folder}", "--allow-private-hosts", *flags)
    async with serving(folder, *flags) as said:
        await settled(folder, shown, expected)
        await settled(folder, handles, there)
        assert [row for row in facts(folder) if of_deleted(row, life)] == []
        assert await latest(http, said["appview"]) == life.tracks()
        for person in life.people:
            assert await has_profile(http, said["appview"], person.did) == person.shown
        sound(await answered(*audit), len(there))
    sound(await answered(*audit), len(there))


def sound(audited: tuple[int, dict[str, Any]], at_least: int) -> None:
    """An audit looked at everybody and found nothing."""
    status, report = audited
    assert report["findings"] == []
    assert (status, report["drifted"]) == (0, 0)
    assert report["inSync"] == report["repos"] >= at_least


async def settled(
    folder: Path, look: Callable[[Path], Mapping[str, object]], expected: Mapping[str, object]
) -> None:
    """Wait until what is seen is what is expected; say which repos differ if it never is."""
    deadline = time.monotonic() + SETTLED
    while look(folder) != expected and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    seen = look(folder)
    differing = [key for key in {**seen, **expected} if seen.get(key) != expected.get(key)]
    assert [(key, key in seen, key in expected, repo(folder, key)) for key in differing] == []


def repo(folder: Path, about: str) -> tuple[object, ...] | None:
    """How the repo stands that a DID or URI is of."""
    with opened(folder) as conn:
        return conn.execute(
            "SELECT a.upstream_active, a.upstream_status, a.handle, r.state, r.reason, r.attempts, r.failure,"
            " r.detail, r.due_at, r.rev FROM actors a LEFT JOIN repos r ON r.actor = a.id"
            " WHERE a.did = ?",
            (about.removeprefix("at://").partition("/")[0],),
        ).fetchone()


def shown(folder: Path) -> Records:
    """Every record of ours whose account is shown."""
    there = handles(folder)
    return {uri: one for uri, one in records(folder).items() if uri.split("/")[2] in there}


def handles(folder: Path) -> dict[str, str]:
    """DID and handle of every account that is shown and has a repo."""
    with opened(folder) as conn:
        return dict(
            conn.execute(
                "SELECT a.did, a.handle FROM actors a JOIN repos r ON r.actor = a.id WHERE a.active"
            )
        )


def of_deleted(row: tuple[object, ...], life: Life) -> bool:
    """Whether a fact is about what an account that was deleted had; what others say of it stands."""
    gone = (person.did for person in life.people if person.deleted)
    return row[0] in ("record", "held") and any(did in str(row[1]) for did in gone)


async def latest(http: aiohttp.ClientSession, appview: str) -> set[str]:
    """The URIs of all tracks that the AppView lists."""
    found: set[str] = set()
    params = {"limit": "100"}
    while True:
        url = f"{appview}/xrpc/{NAMES.query('feed.getLatestTracks')}"
        async with http.get(url, params=params) as answer:
            page = await answer.json()
        found |= {view["uri"] for view in page["tracks"]}
        if "cursor" not in page:
            return found
        params["cursor"] = page["cursor"]


async def has_profile(http: aiohttp.ClientSession, appview: str, did: Did) -> bool:
    """Whether the AppView shows the account."""
    url = f"{appview}/xrpc/{NAMES.query('actor.getProfile')}"
    async with http.get(url, params={"actor": str(did)}) as answer:
        assert answer.status in (200, 400)
        return answer.status == 200
