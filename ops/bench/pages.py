"""A page of fifty tracks, beside the same bytes served from memory, and at three sizes of index.

Each AppView is `plyr appview` on one core with everything that a request passes; the other core has
`wrk` with 32 kept-alive connections, that asks for 200 pages in turn. The ceiling is a plain
Starlette endpoint on the same listener. Rounds alternate all of them, and each page was asked for
once before. A round's ratio counts only where the ceiling kept its core busy: else something else
held it back. The ratio of CPU times is there in any case.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

import orjson

from appview.cursor import Place
from atp.runtime.sqlite import connect
from indexer import schema
from lexicons.names import Names
from ops.bench import catalogue
from ops.bench.child import BenchError, Child, child, cores, free_port
from ops.bench.figures import Figure
from ops.devnet.install import cache_home

SIZES = {"1k": (1_000, 10_000), "100k": (100_000, 1_000_000), "1m": (1_000_000, 1_000_000)}
"""Tracks and likes; the second is the one beside the ceiling."""
PAGES = 200
LIMIT = 50
CONNECTIONS = 32
ROUNDS = 5
ROUND_S = 4
BUSY = 0.9
"""Of its core that the ceiling has to use."""
PATIENCE_S = 20.0
LOOK_S = 0.05
CEILING = "ceiling"
SCRIPT = Path(__file__).with_name("pages.lua")
TRUSTED = "https://audio.example.com,https://images.example.com"


@dataclass(frozen=True, slots=True)
class Loaded:
    """One run of wrk; milliseconds, and which share of a core the server used."""

    per_s: float
    p50: float
    p99: float
    busy: float

    @property
    def cpu(self) -> float:
        """CPU time of a request, µs: what others do on the machine changes it least."""
        return 1e6 * self.busy / self.per_s


@dataclass(frozen=True, slots=True)
class Server:
    """What is measured, and the file with the paths that it is asked for."""

    url: str
    process: Child
    paths: Path


def run(build: Path) -> list[Figure]:
    """All figures; needs two minutes, and a first time those that catalogues take."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise BenchError("the benchmark needs wrk: apt install wrk, or https://github.com/wg/wrk")
    build.mkdir(parents=True, exist_ok=True)
    with (
        (build / "pages.log").open("wb") as log,
        tempfile.TemporaryDirectory(prefix="pages-", dir=build) as folder,
        ExitStack() as stack,
    ):
        servers = {
            size: stack.enter_context(_appview(log, Path(folder) / size, *counts))
            for size, counts in SIZES.items()
        }
        middle = servers["100k"]
        servers[CEILING] = stack.enter_context(_ceiling(log, Path(folder), middle))
        for server in servers.values():
            _answers(server)
        rounds = []
        for number in range(1, ROUNDS + 1):
            print(f"pages: round {number} of {ROUNDS}", file=sys.stderr)
            rounds.append({name: _load(wrk, server) for name, server in servers.items()})
    return _figures(rounds)


@contextmanager
def _appview(log: IO[bytes], folder: Path, tracks: int, likes: int) -> Iterator[Server]:
    index = catalogue.kept(cache_home() / "bench", tracks, likes)
    folder.mkdir()
    (folder / schema.FILE).symlink_to(index)
    paths = folder / "paths"
    paths.write_text("".join(f"{path}\n" for path in _paths(index)))
    listen = f"127.0.0.1:{free_port()}"
    flags = (f"--data-dir={folder}", f"--listen={listen}", f"--trusted-media={TRUSTED}")
    _, ours = cores()
    with child(log, ours, "ops.cli", "appview", *flags) as process:
        server = Server(f"http://{listen}", process, paths)
        _await(server)
        yield server


@contextmanager
def _ceiling(log: IO[bytes], folder: Path, appview: Server) -> Iterator[Server]:
    """The same answers as those of an AppView."""
    known = folder / "answers"
    answers = {path.partition("?")[2]: body.decode() for path, body in _answers(appview).items()}
    known.write_bytes(orjson.dumps(answers))
    listen = f"127.0.0.1:{free_port()}"
    _, ours = cores()
    with child(log, ours, "ops.bench.static", listen, known) as process:
        server = Server(f"http://{listen}", process, appview.paths)
        _await(server)
        yield server


def _paths(index: Path) -> list[str]:
    """Pages that begin all over an index."""
    conn = connect(index, readonly=True)
    tracks = int(conn.execute("SELECT count(*) FROM tracks").get)
    method = Names().query("feed.getLatestTracks")
    cursors = [
        Place(conn.execute("SELECT sort_at FROM tracks WHERE record = ?", (key,)).get, key)
        for number in range(PAGES)
        for key in [LIMIT + 1 + number * (tracks - LIMIT - 1) // PAGES]
    ]
    conn.close()
    return [f"/xrpc/{method}?limit={LIMIT}&cursor={place.encode()}" for place in cursors]


def _answers(server: Server) -> dict[str, bytes]:
    """Every page once."""
    answers = {}
    for path in server.paths.read_text().splitlines():
        with urlopen(server.url + path) as answer:  # noqa: S310 - our own
            answers[path] = answer.read()
    return answers


def _await(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE_S
    path, *_ = server.paths.read_text().splitlines()
    while True:
        try:
            with urlopen(server.url + path):  # noqa: S310 - our own
                return
        except URLError as exc:
            if time.monotonic() > deadline:
                raise BenchError(f"{server.url} does not answer: {exc}") from exc
        time.sleep(LOOK_S)


def _load(wrk: str, server: Server) -> Loaded:
    theirs, _ = cores()
    command: Sequence[object] = (
        *("taskset", "--cpu-list", theirs, wrk, "--threads=1", f"--connections={CONNECTIONS}"),
        *(f"--duration={ROUND_S}s", "--latency", f"--script={SCRIPT}", server.url, "--"),
        server.paths,
    )
    before = server.process.cpu_seconds()
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    used = server.process.cpu_seconds() - before
    told = orjson.loads(done.stdout.splitlines()[-1])
    if told["failed"] or not told["requests"]:
        raise BenchError(f"{told['failed']} of {told['requests']} requests failed")
    seconds = told["seconds"]
    return Loaded(told["requests"] / seconds, told["p50"], told["p99"], used / seconds)


def _figures(rounds: Sequence[dict[str, Loaded]]) -> list[Figure]:
    def figure(name: str, unit: str, *runs: float) -> Figure:
        return Figure(f"appview.{name}", unit, runs)

    fair = [one for one in rounds if one[CEILING].busy >= BUSY]
    ratios = [one["100k"].per_s / one[CEILING].per_s for one in fair]
    if not fair:
        print("pages: the ceiling was held back in every round, so no ratio", file=sys.stderr)
    return [
        *([figure("page50.vs_static", "×", *ratios)] if fair else []),
        figure("page50.vs_static_cpu", "×", *(r[CEILING].cpu / r["100k"].cpu for r in rounds)),
        figure("page50.cpu_us", "µs", *(one["100k"].cpu for one in rounds)),
        figure("page50.static_cpu_us", "µs", *(one[CEILING].cpu for one in rounds)),
        figure("page50.per_s", "pages/s", *(one["100k"].per_s for one in rounds)),
        figure("page50.p50_ms", "ms", *(one["100k"].p50 for one in rounds)),
        figure("page50.p99_ms", "ms", *(one["100k"].p99 for one in rounds)),
        figure("page50.static_per_s", "pages/s", *(one[CEILING].per_s for one in rounds)),
        figure("page50.static_p99_ms", "ms", *(one[CEILING].p99 for one in rounds)),
        figure("page50.static_core", "cores", *(one[CEILING].busy for one in rounds)),
        figure("page50.p99_ms_1k", "ms", *(one["1k"].p99 for one in rounds)),
        figure("page50.p99_ms_1m", "ms", *(one["1m"].p99 for one in rounds)),
        figure("growth_p99_1k_to_1m", "×", *(one["1m"].p99 / one["1k"].p99 for one in rounds)),
    ]
