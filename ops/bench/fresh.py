"""How soon a record shows: from the relay's sending a commit until a query answers with its track.

`plyr serve`, indexer and AppView, reads the relay of a small world. Every commit comes alone, as on
a quiet evening, and the query is asked again and again until it tells of it. The time includes the
frame's way over loopback and half the time of a query.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from http import HTTPStatus
from pathlib import Path
from statistics import quantiles

import aiohttp

from atp.datetime import Datetime
from atp.runtime.clock import now_micros
from lexicons.names import Names
from ops.bench.child import BenchError, child, cores, free_port
from ops.bench.figures import Figure
from ops.world.account import Account
from ops.world.network import World

ROUNDS = 5
TRACKS = 40
"""Of a round."""
PAUSE_S = 0.05
PATIENCE_S = 10.0
NAMES = Names()


def run(build: Path) -> list[Figure]:
    """All figures; needs half a minute."""
    build.mkdir(parents=True, exist_ok=True)
    rounds = asyncio.run(_measure(build))
    return [
        Figure("fresh.p50_ms", "ms", tuple(_percentile(one, 50) for one in rounds)),
        Figure("fresh.p99_ms", "ms", tuple(_percentile(one, 99) for one in rounds)),
    ]


def _percentile(times: list[float], percent: int) -> float:
    """Never more than the longest of them, however few there are."""
    return quantiles(times, n=100, method="inclusive")[percent - 1]


async def _measure(build: Path) -> list[list[float]]:
    _, ours = cores()
    with (build / "fresh.log").open("wb") as log, tempfile.TemporaryDirectory(dir=build) as folder:
        async with World(1, now_micros) as world, aiohttp.ClientSession() as http:
            artist = world.create_account("artist.test")
            listen = f"127.0.0.1:{free_port()}"
            flags = (
                f"--data-dir={folder}",
                f"--relays={world.relay_url}",
                f"--plc-url={world.plc_url}",
                f"--listen={listen}",
                "--allow-private-hosts=on",
                "--json",
            )
            with child(log, ours, "ops.cli", "serve", *flags) as service:
                await asyncio.to_thread(service.line)
                url = f"http://{listen}/xrpc/{NAMES.query('feed.getTrack')}"
                await _shown(http, url, artist)
                return [
                    [1000 * await _shown(http, url, artist) for _ in range(TRACKS)]
                    for _ in range(ROUNDS)
                ]


async def _shown(http: aiohttp.ClientSession, url: str, artist: Account) -> float:
    """Seconds from a new track to its first answer."""
    await asyncio.sleep(PAUSE_S)
    track = artist.create(
        NAMES.track,
        {
            "title": "A Song",
            "artist": "An Artist",
            "fileType": "mp3",
            "audioUrl": "https://audio.example.com/song.mp3",
            "createdAt": Datetime.from_micros(now_micros()),
        },
    )
    start = time.perf_counter()
    while time.perf_counter() - start < PATIENCE_S:
        async with http.get(url, params={"uri": track.uri}) as answer:
            if answer.status == HTTPStatus.OK:
                return time.perf_counter() - start
        await asyncio.sleep(0)
    raise BenchError(f"{track.uri} is not shown after {PATIENCE_S:g} s")
