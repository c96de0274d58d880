"""How fast one core makes an empty index complete: everybody found, fetched, proven and written.

It is what ``plyr backfill`` does, against a network of real repos on loopback. The indexer has one
core to itself and the servers use the other, as long as nothing else runs on the machine. The time
goes from opening the store until it is closed with every repo synchronized.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import IO

import orjson

from ops.bench.child import BenchError, child, cores
from ops.bench.figures import Figure
from ops.bench.fill import STAGES, Filled
from ops.bench.library import RECORDS, REPOS

ROUNDS = 5
STAGE_ROUNDS = 3


def run(build: Path) -> list[Figure]:
    """All figures; needs three minutes."""
    build.mkdir(parents=True, exist_ok=True)
    theirs, ours = cores()
    with (
        (build / "backfill.log").open("wb") as log,
        child(log, theirs, "ops.bench.hosts", REPOS, RECORDS, 0) as hosts,
    ):
        host = hosts.line()
        runs = [measure(f"round {one + 1} of {ROUNDS}", host, ours, log) for one in range(ROUNDS)]
        apart = [
            measure(f"stages, round {one + 1} of {STAGE_ROUNDS}", host, ours, log, "stages")
            for one in range(STAGE_ROUNDS)
        ]
    return [*_costs(runs), *_shares(apart)]


def measure(what: str, host: str, core: int, log: IO[bytes], *stages: str) -> Filled:
    """One run. Raises BenchError unless it indexed everything."""
    print(f"backfill: {what}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="index-", dir=Path(log.name).parent) as folder:
        return filled(host, Path(folder), core, log, *stages)


def filled(host: str, folder: Path, core: int, log: IO[bytes], *stages: str) -> Filled:
    """An index filled in a folder. Raises BenchError unless it holds everything."""
    with child(log, core, "ops.bench.fill", host, folder, *stages) as filling:
        done = Filled(**orjson.loads(filling.line()))
    if (done.repos, done.ours) != (REPOS, RECORDS):
        raise BenchError(f"{done.repos} repos and {done.ours} records of ours are indexed")
    return done


def _costs(runs: list[Filled]) -> list[Figure]:
    cpu = tuple(1e6 * one.cpu_seconds / one.ours for one in runs)
    return [
        Figure(
            "backfill.records_per_s", "records/s", tuple(one.ours / one.seconds for one in runs)
        ),
        Figure("backfill.cpu_us_per_record", "µs", cpu),
        Figure("backfill.rss_mb", "MB", tuple(one.rss_mb for one in runs)),
    ]


def _shares(runs: list[Filled]) -> list[Figure]:
    """Shares of the CPU time; what no stage took is the fetching."""
    fetching = tuple(100 * (1 - sum(one.stages.values()) / one.cpu_seconds) for one in runs)
    return [
        Figure("backfill.fetch_share", "%", fetching),
        *[
            Figure(
                f"backfill.{stage}_share",
                "%",
                tuple(100 * one.stages[stage] / one.cpu_seconds for one in runs),
            )
            for stage, _, _ in STAGES
        ],
    ]
