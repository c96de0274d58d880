"""What every source lost is found by asking the PDS, and repaired."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from atp.frames import CommitMsg
from indexer.service import run
from indexer.sweep import Pace
from ops.world.account import Account
from ops.world.faults import Strike, drop
from ops.world.network import World
from tests.clock import now
from tests.e2e.running import config, facts, opened, until
from tests.indexer.authors import NAMES, track

QUICK = Pace(everybody=0.1, fastest=0.05, slowest=0.2, host=0.05, grace=0.5)


@asynccontextmanager
async def sweeping(world: World, folder: Path) -> AsyncIterator[None]:
    """An indexer in this process that sweeps all day's repos in a moment."""
    stop = asyncio.Event()
    settings = config(folder, world.relay_url, world.plc_url)
    task = asyncio.create_task(run(settings, stop, pace=QUICK))
    try:
        await until((folder / "index.db.sock").exists)
        yield
    finally:
        stop.set()
        await task


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What the index says."""
    with opened(folder) as conn:
        return list(conn.execute(query))


def whole(world: World, folder: Path) -> bool:
    """Whether the index has all that the network has, and says so."""
    truth = {
        uri: bytes(cid)
        for uri, (cid, _) in world.records().items()
        if uri.collection in NAMES.collections
    }
    held = dict(
        rows(
            folder,
            "SELECT 'at://' || a.did || '/' || c.nsid || '/' || r.rkey, r.cid FROM records r"
            " JOIN actors a ON a.id = r.actor JOIN collections c ON c.id = r.collection"
            " WHERE r.cid IS NOT NULL",
        )
    )
    return held == truth and rows(folder, "SELECT DISTINCT state FROM repos") == [("synchronized",)]


def lose(world: World, artist: Account) -> None:
    """Write what no source delivers: a track, and the end of another."""
    world.relay.afflict(Strike(drop, lambda message: isinstance(message, CommitMsg)))
    artist.create(NAMES.track, track(title="lost"))
    for path in list(artist.repo.records):
        if path.startswith(f"{NAMES.track}/"):
            artist.delete(NAMES.track, path.partition("/")[2])
            break
    world.relay.heal()


async def test_a_commit_that_every_source_lost_is_found_and_repaired(tmp_path: Path) -> None:
    """The account never writes again, and the index has all of it all the same."""
    async with World(13, now) as world:
        artist, other = world.create_account("mira.test"), world.create_account("b.test")
        async with sweeping(world, tmp_path):
            for n in range(3):
                artist.create(NAMES.track, track(title=f"{n}"))
            other.create(NAMES.track, track())
            await until(lambda: whole(world, tmp_path))
            before = artist.repo.head.rev
            lose(world, artist)
            await until(lambda: whole(world, tmp_path))
        gaps = rows(
            tmp_path,
            "SELECT a.did, r.gap_reason, r.gap_rev, r.rev = r.pds_rev, r.data = r.pds_data"
            " FROM repos r JOIN actors a ON a.id = r.actor WHERE r.gap_reason = 'behind'",
        )
        assert gaps == [(artist.did, "behind", before, 1, 1)]
        origins = rows(
            tmp_path,
            "SELECT DISTINCT o.name, o.repair FROM records r JOIN origins o ON o.id = r.origin"
            " WHERE r.value IS NOT NULL ORDER BY o.repair",
        )
        assert origins[-1] == (world.pds_urls[0], 1)
        assert {name for name, repair in origins if not repair} <= {world.relay_url}
        assert facts(tmp_path)


async def test_what_flows_is_not_called_lost(tmp_path: Path) -> None:
    """Repos that are written all the time, and asked for all the time, are never behind."""
    async with World(14, now) as world:
        artists = [world.create_account(f"a{n}.test") for n in range(3)]
        async with sweeping(world, tmp_path):
            for n in range(60):
                artists[n % 3].create(NAMES.track, track(title=f"{n}"))
                await asyncio.sleep(0.02)
            await until(lambda: whole(world, tmp_path))
        assert rows(tmp_path, "SELECT 1 FROM repos WHERE gap_reason = 'behind'") == []
        assert rows(tmp_path, "SELECT count(*) FROM repos WHERE checked_at IS NOT NULL") == [(3,)]
