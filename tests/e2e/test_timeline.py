"""`feed.getTimeline` of `plyr serve` over a simulated network: read once, then kept fresh."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from appview.timeline import BUDGET
from atp.jwt import sign
from atp.syntax import Did
from lexicons.names import FOREIGN_FOLLOW, Names
from ops.world.account import Account, RecordRef
from ops.world.network import World
from tests.clock import now
from tests.e2e.plyr import serving
from tests.e2e.running import PATIENCE
from tests.indexer.authors import WHEN, track

NAMES = Names()
TIMELINE = NAMES.query("feed.getTimeline")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A network."""
    async with World(5, now) as made:
        yield made


async def timeline(said: dict[str, Any], account: Account) -> tuple[list[str], bool]:
    """An account's timeline, and whether it is partial."""
    claims = {
        "iss": account.did,
        "aud": said["serviceDid"],
        "exp": int(time.time()) + 60,
        "lxm": TIMELINE,
        "jti": uuid4().hex,
    }
    token = sign(claims, account.repo.key)
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
        http.get(f"{said['appview']}/xrpc/{TIMELINE}") as answer,
    ):
        body = await answer.json()
        assert answer.status == 200, body
        return [one["uri"] for one in body["tracks"]], body.get("partial", False)


async def until(said: dict[str, Any], account: Account, *uris: str) -> None:
    """Wait until the account's timeline is whole, and this."""
    async with asyncio.timeout(PATIENCE):
        while await timeline(said, account) != (list(uris), False):
            await asyncio.sleep(0.05)


def follow(account: Account, did: Did) -> RecordRef:
    """Begin to follow."""
    return account.create(FOREIGN_FOLLOW, {"subject": did, "createdAt": WHEN})


def publish(account: Account, day: int) -> str:
    """A track of that day."""
    return account.create(NAMES.track, track(createdAt=f"2025-06-0{day}T12:00:00.000Z")).uri


def flags(world: World) -> tuple[str, ...]:
    """Where everything is."""
    return f"--relays={world.relay_url}", f"--plc-url={world.plc_url}"


async def test_follows_are_read_kept_and_outlive_a_restart(world: World, tmp_path: Path) -> None:
    """Those from before the first call, those that begin or end later, also while it is down."""
    fan, ada, ben = (world.create_account(f"{name}.test") for name in ("fan", "ada", "ben"))
    song, tune = (publish(one, day) for one, day in ((ada, 1), (ben, 2)))
    follow(fan, ada.did)
    async with serving(tmp_path, *flags(world)) as said:
        await until(said, fan, song)
        second = follow(fan, ben.did)
        await until(said, fan, tune, song)
        fan.delete(FOREIGN_FOLLOW, second.rkey)
        await until(said, fan, song)
    follow(fan, ben.did)
    async with serving(tmp_path, *flags(world)) as said:
        await until(said, fan, tune, song)
        fresh = publish(ada, 3)
        await until(said, fan, fresh, tune, song)


async def test_a_pds_that_does_not_answer_costs_the_first_call_its_budget(
    world: World, tmp_path: Path
) -> None:
    """The answer is partial and comes in time; the next ones wait for nothing; it heals itself."""
    fan, ada = (world.create_account(f"{name}.test") for name in ("fan", "ada"))
    song = publish(ada, 1)
    follow(fan, ada.did)
    async with serving(tmp_path, *flags(world)) as said:
        await until(said, ada)  # who follows nobody
        world.pdses[0].host.stall()
        took = []
        for _ in range(4):
            began = time.monotonic()
            assert await timeline(said, fan) == ([], True)
            took.append(time.monotonic() - began)
        assert BUDGET - 0.1 < took[0] < PATIENCE / 2
        assert min(took[1:]) < BUDGET / 2
        world.pdses[0].host.resume()
        await until(said, fan, song)
