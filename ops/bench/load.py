"""Steady requests to an AppView: ``python -m ops.bench.load URL INDEX`` sends 100 a second.

The loop is open: requests leave when they are due, whether earlier ones were answered or not, and
each one's time counts from when it was due, so a service that stands still is not spared what it
delays. For each line of input it prints how the time since the last line went, as a line of JSON.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from time import perf_counter
from urllib.parse import urlencode

import aiohttp
import orjson
import uvloop

from atp.runtime.sqlite import connect
from lexicons.names import Names
from ops.bench.stream import SEED

PER_SECOND = 100
MIX = {
    "feed.getLatestTracks": 20,
    "feed.getTrack": 25,
    "feed.getTracks": 10,
    "feed.getActorTracks": 10,
    "feed.getTrackComments": 10,
    "feed.getTrackLikes": 10,
    "actor.getProfile": 10,
    "graph.getList": 5,
}
"""Of 100 requests."""
MANY = 25
"""Tracks asked for at once."""
CALLERS = 250
"""Whom the requests come from, as a reverse proxy tells it: nobody uses up an allowance."""


@dataclass(frozen=True, slots=True)
class Served:
    """How many requests ended, the ``failed`` ones too, and milliseconds that they took."""

    requests: int
    failed: int
    p50: float
    p99: float
    worst: float


class Targets:
    """Requests for what an index holds, in the same order each time."""

    def __init__(self, url: str, index: Path, names: Names) -> None:
        self._url = url
        self._names = names
        self._random = Random(SEED)  # noqa: S311 - the same each time
        self._tracks, self._lists = (_uris(index, nsid) for nsid in (names.track, names.list))

    def urls(self) -> Iterator[str]:
        """One after the other, without end."""
        while True:
            [query] = self._random.choices([*MIX], [*MIX.values()])
            params = urlencode(self._params(query), doseq=True)
            yield f"{self._url}/xrpc/{self._names.query(query)}?{params}"

    def _params(self, query: str) -> dict[str, str | list[str]]:
        track = self._random.choice(self._tracks)
        match query:
            case "feed.getLatestTracks":
                return {}
            case "feed.getTracks":
                return {"uris": self._random.choices(self._tracks, k=MANY)}
            case "feed.getActorTracks" | "actor.getProfile":
                return {"actor": track.split("/")[2]}
            case "graph.getList":
                return {"uri": self._random.choice(self._lists)}
            case _:
                return {"uri": track}


def _uris(index: Path, nsid: str) -> list[str]:
    query = (
        "SELECT 'at://' || a.did || '/' || c.nsid || '/' || r.rkey FROM records r"
        " JOIN actors a ON a.id = r.actor JOIN collections c ON c.id = r.collection"
        " WHERE r.state = 'valid' AND c.nsid = ? ORDER BY r.id"
    )
    return [uri for (uri,) in connect(index, readonly=True).execute(query, (nsid,))]


class Load:
    """Requests on their way and how long they took."""

    def __init__(self, http: aiohttp.ClientSession, targets: Targets) -> None:
        self._http = http
        self._urls = targets.urls()
        self._took: list[float] = []
        self._failed = 0

    async def run(self) -> None:
        """Send without end."""
        start, sent = perf_counter(), 0
        async with asyncio.TaskGroup() as tasks:
            while True:
                due = start + sent / PER_SECOND
                await asyncio.sleep(max(0.0, due - perf_counter()))
                caller = f"203.0.113.{sent % CALLERS}"
                tasks.create_task(self._ask(next(self._urls), caller, due))
                sent += 1

    async def _ask(self, url: str, caller: str, due: float) -> None:
        try:
            async with self._http.get(url, headers={"X-Forwarded-For": caller}) as answer:
                await answer.read()
                self._failed += answer.status != 200
        except (aiohttp.ClientError, TimeoutError):
            self._failed += 1
        self._took.append(1000 * (perf_counter() - due))

    def served(self) -> Served:
        """What there was since the last time that somebody asked."""
        took, failed = sorted(self._took), self._failed
        self._took, self._failed = [], 0
        p50, p99 = (took[int(len(took) * part)] for part in (0.5, 0.99))
        return Served(len(took), failed, p50, p99, took[-1])


async def _serve_lines(url: str, index: Path) -> None:
    async with aiohttp.ClientSession() as http:
        load = Load(http, Targets(url, index, Names()))
        running = asyncio.create_task(load.run())
        while await asyncio.to_thread(sys.stdin.readline):
            print(orjson.dumps(asdict(load.served())).decode(), flush=True)
        running.cancel()
        await asyncio.wait([running])


if __name__ == "__main__":
    uvloop.run(_serve_lines(sys.argv[1], Path(sys.argv[2])))
