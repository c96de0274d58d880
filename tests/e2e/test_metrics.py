"""What a running indexer says of itself adds up, whatever was thrown at it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from atp.frames import CommitMsg
from atp.runtime.metrics import Registry
from indexer.metrics import Metrics
from lexicons.names import Names
from ops.world.faults import (
    Strike,
    break_block,
    break_frame,
    break_signature,
    drop,
    duplicate,
)
from ops.world.network import World
from tests.clock import now
from tests.e2e.plyr import start
from tests.e2e.running import PATIENCE
from tests.indexer.authors import track
from tests.ports import free_port

NAMES = Names()
Series = dict[tuple[str, str], float]
"""Values by name and labels."""


@asynccontextmanager
async def indexing(folder: Path, world: World) -> AsyncIterator[str]:
    """`plyr index` as a process of its own; the address of its metrics."""
    port = free_port()
    process = await start(
        "index",
        f"--data-dir={folder}",
        f"--relays={world.relay_url}",
        f"--plc-url={world.plc_url}",
        "--allow-private-hosts",
        f"--metrics-listen=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/metrics"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0


def parsed(page: str) -> Series:
    """Every series of the indexer."""
    found = re.findall(r"^(plyr_indexer_\w+)(?:\{([^}]*)\})? (\S+)$", page, re.MULTILINE)
    return {
        (name, labels): float(value)
        for name, labels, value in found
        if not name.startswith("plyr_indexer_process_")
    }


def total(series: Series, name: str) -> float:
    """The sum over all labels."""
    return sum(value for (known, _), value in series.items() if known == name)


async def test_received_is_routed_and_dismissed_and_routed_has_ended(tmp_path: Path) -> None:
    """Both equations, after garbage of every kind; and every label is from its closed set.

    Closed are the sets in code, each series of which stands from the start, and the sources named
    by the settings.
    """
    async with World(17, now) as world, aiohttp.ClientSession() as http:
        artists = [world.create_account(f"a{n}.test") for n in range(4)]
        faults = (duplicate, break_frame, break_block, break_signature, drop)
        for round_, how in enumerate(faults):
            world.relay.afflict(Strike(how, lambda message: isinstance(message, CommitMsg)))
            for artist in artists[: 2 + round_ % 3]:
                artist.create(NAMES.track, track(title=how.__name__))
                artist.create("app.bsky.feed.post", {"text": "noise"})
            world.relay.heal()
        artists[1].takedown()
        for artist in artists:
            artist.create(NAMES.track, track(title="the end")) if artist.active else None
        sent = len(world.relay.log.after(0))
        async with indexing(tmp_path, world) as address:
            series = await settled(http, address, sent)
        ends = {
            verdict: series["plyr_indexer_events_total", f'verdict="{verdict}"']
            for verdict in ("applied", "replayed", "deferred", "rejected")
        }
        routed = series["plyr_indexer_frames_total", 'routing="routed"']
        assert total(series, "plyr_indexer_frames_total") == sent
        assert sum(ends.values()) == routed
        assert ends["rejected"] == total(series, "plyr_indexer_rejected_total") > 0
        assert ends["deferred"] == total(series, "plyr_indexer_deferred_total")
        assert min(ends["applied"], ends["replayed"]) > 0
        fresh = Registry()
        Metrics(fresh)
        per_source = {key for key in series if key[1].startswith("source=")}
        assert {labels for _, labels in per_source} == {f'source="{world.relay.host.name}"'}
        assert series.keys() - per_source == parsed(fresh.render().decode()).keys()
        assert total(series, "plyr_indexer_repos") == len(artists)
        assert series["plyr_indexer_repos", 'state="synchronized"'] >= len(artists) - 1
        assert (
            total(series, "plyr_indexer_resync_queue")
            == len(artists) - (series["plyr_indexer_repos", 'state="synchronized"'])
        )
        assert series["plyr_indexer_hidden_accounts", ""] == 1


async def settled(http: aiohttp.ClientSession, address: str, sent: int) -> Series:
    """The series once all that was sent has come, ended and been counted."""
    async with asyncio.timeout(2 * PATIENCE):
        while True:
            await asyncio.sleep(0.2)
            try:
                async with http.get(address) as answer:
                    series = parsed(await answer.text())
            except aiohttp.ClientError:
                continue
            routed = series["plyr_indexer_frames_total", 'routing="routed"']
            if (
                total(series, "plyr_indexer_frames_total") == sent
                and total(series, "plyr_indexer_events_total") == routed
                and series["plyr_indexer_repos", 'state="synchronized"'] >= 3
                and series["plyr_indexer_hidden_accounts", ""] == 1
            ):
                return series
