"""What readers notice while the indexer catches up at full speed.

``plyr serve`` runs on a filled index: indexer and AppView, two processes that share one core, so
that nothing is won by a core being idle. The other core has the load, 100 requests a second, and
the relay. Each round begins with the same index, is measured with a silent relay and then while the
indexer works off a backlog, of which every commit is of a repo that it follows: each is verified
with inversion and three of four write records, where a real relay has one in a thousand to verify.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import orjson

from atp.runtime.sqlite import connect
from indexer import schema
from indexer.store import sources
from ops.bench.backfill import filled
from ops.bench.child import BenchError, Child, child, cores, free_port
from ops.bench.figures import Figure
from ops.bench.library import RECORDS, REPOS
from ops.bench.load import Served

ROUNDS = 5
COMMITS = 24_000
"""In the backlog: some ten seconds of work."""
IDLE_S = 10.0
WARM_UP_S = 3.0
PATIENCE_S = 120.0
LOOK_S = 0.05


class Caught:
    """How one round went."""

    def __init__(self, idle: Served, busy: Served, seconds: float) -> None:
        self.idle = idle
        self.busy = busy
        self.commits_per_s = COMMITS / seconds


def run(build: Path) -> list[Figure]:
    """All figures; needs three minutes."""
    build.mkdir(parents=True, exist_ok=True)
    theirs, ours = cores()
    with (
        (build / "catchup.log").open("wb") as log,
        tempfile.TemporaryDirectory(prefix="index-", dir=build) as folder,
        child(log, theirs, "ops.bench.hosts", REPOS, RECORDS, COMMITS) as network,
    ):
        host, index = network.line(), Path(folder)
        filled(host, index / "filled", ours, log)
        rounds = []
        for number in range(1, ROUNDS + 1):
            print(f"catchup: round {number} of {ROUNDS}", file=sys.stderr)
            shutil.rmtree(index / "round", ignore_errors=True)
            shutil.copytree(index / "filled", index / "round")
            rounds.append(_round(network, host, index / "round", log))
    return _figures(rounds)


def _round(network: Child, host: str, folder: Path, log: IO[bytes]) -> Caught:
    theirs, ours = cores()
    listen = f"127.0.0.1:{free_port()}"
    flags = (
        f"--data-dir={folder}",
        f"--relays=ws://{host}",
        f"--plc-url=http://{host}",
        f"--listen={listen}",
        "--allow-private-hosts=on",
        "--json",
    )
    with child(log, ours, "ops.cli", "serve", *flags) as service:
        service.line()
        with child(log, theirs, "ops.bench.load", f"http://{listen}", folder / schema.FILE) as load:
            time.sleep(WARM_UP_S)
            _served(load)
            time.sleep(IDLE_S)
            idle = _served(load)
            network.tell("go")
            seconds = _until_caught_up(folder / schema.FILE, f"ws://{host}")
            return Caught(idle, _served(load), seconds)


def _served(load: Child) -> Served:
    load.tell("report")
    served = Served(**orjson.loads(load.line()))
    if served.failed:
        raise BenchError(f"{served.failed} of {served.requests} requests failed")
    return served


def _until_caught_up(index: Path, source: str) -> float:
    """How long it takes from now on."""
    conn, start = connect(index, readonly=True), time.perf_counter()
    while sources.cursor(conn, source) != COMMITS:
        if time.perf_counter() - start > PATIENCE_S:
            raise BenchError(f"the cursor stands at {sources.cursor(conn, source)}")
        time.sleep(LOOK_S)
    return time.perf_counter() - start


def _figures(rounds: list[Caught]) -> list[Figure]:
    def figure(name: str, unit: str, *runs: float) -> Figure:
        return Figure(f"catchup.{name}", unit, runs)

    return [
        figure("p99_ratio", "×", *(one.busy.p99 / one.idle.p99 for one in rounds)),
        figure("idle_p99_ms", "ms", *(one.idle.p99 for one in rounds)),
        figure("busy_p99_ms", "ms", *(one.busy.p99 for one in rounds)),
        figure("idle_p50_ms", "ms", *(one.idle.p50 for one in rounds)),
        figure("busy_p50_ms", "ms", *(one.busy.p50 for one in rounds)),
        figure("commits_per_s", "commits/s", *(one.commits_per_s for one in rounds)),
    ]
