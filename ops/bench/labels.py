"""The labeler on one core: labels stored, sent to a thousand readers, replayed and signed anew.

Everything goes over real sockets; the readers share a process of their own on the other core. Each
reader must have had every label once, up to the last, for a round to count.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import orjson

from atp.runtime.sqlite import connect
from labeler import schema, store, store_keys
from ops.bench import labels_log
from ops.bench.child import BenchError, Child, child, cores
from ops.bench.figures import Figure
from ops.bench.labels_host import NEXT, STAGES

ROUNDS = 3
STORED = 20_000
BATCH = 100
"""Labels in one transaction, as a batch of decisions has them."""
READERS = 1_000
LIVE = 300
"""Labels that each of them is sent while they are given."""
HOST, SUBSCRIBERS = "ops.bench.labels_host", "ops.bench.labels_readers"


def run(build: Path) -> list[Figure]:
    """All figures; needs four minutes, and one more where the long log is not made yet."""
    build.mkdir(parents=True, exist_ok=True)
    long_log = labels_log.cached()
    figures: dict[str, list[float]] = {}
    with (build / "labels.log").open("wb") as log:
        for number in range(1, ROUNDS + 1):
            print(f"labels: round {number} of {ROUNDS}", file=sys.stderr)
            measured = {
                **stored(log, build, STORED),
                **fanned_out(log, build, READERS, LIVE),
                **replayed(log, long_log, labels_log.LABELS),
            }
            for name, value in measured.items():
                figures.setdefault(name, []).append(value)
        print("labels: a million signed anew", file=sys.stderr)
        for name, value in signed_anew(log, build, long_log).items():
            figures[name] = [value]
    return [Figure(f"labels.{name}", _unit(name), tuple(runs)) for name, runs in figures.items()]


def stored(log: IO[bytes], build: Path, count: int) -> dict[str, float]:
    """Decisions made durable: labels a second, and in another run where the CPU time goes."""
    plain, staged = _stored(log, build, count), _stored(log, build, count, "stages")
    shares = {stage: staged["stages"][stage] / staged["cpu"] for stage in STAGES}
    shares["commit"] = 1 - sum(shares.values())
    return {
        "stored_per_s": count / plain["seconds"],
        "stored_cpu_us": 1e6 * plain["cpu"] / count,
        **{f"stored_{stage}_share": 100 * share for stage, share in shares.items()},
    }


def _stored(log: IO[bytes], build: Path, count: int, *stages: str) -> dict[str, Any]:
    _, ours = cores()
    with (
        tempfile.TemporaryDirectory(prefix="labels-", dir=build) as folder,
        child(log, ours, HOST, folder, *stages) as host,
    ):
        host.line()
        return _told(host, f"give {count} {BATCH}")


def fanned_out(log: IO[bytes], build: Path, readers: int, count: int) -> dict[str, float]:
    """Messages a second to all readers while labels are given: one by one, and ten at a time."""
    theirs, ours = cores()
    speeds = []
    with (
        tempfile.TemporaryDirectory(prefix="labels-", dir=build) as folder,
        child(log, ours, HOST, folder) as host,
        child(log, theirs, SUBSCRIBERS, host.line(), readers) as subscribers,
    ):
        subscribers.line()  # all are connected
        for turn, batch in enumerate((1, 10), start=1):
            subscribers.tell(str(turn * count))
            given = _told(host, f"give {count} {batch}")
            end = _end(subscribers, turn * count)
            speeds.append(readers * count / (end - given["start"]))
    one_by_one, in_tens = speeds
    return {
        f"fanout_{readers}_frames_per_s": one_by_one,
        f"fanout_{readers}_in_tens_frames_per_s": in_tens,
    }


def replayed(log: IO[bytes], folder: Path, count: int) -> dict[str, float]:
    """All of a long log to one reader from cursor 0, and the memory that it takes."""
    theirs, ours = cores()
    with (
        child(log, ours, HOST, folder) as host,
        child(log, theirs, SUBSCRIBERS, host.line(), 1, 0) as reader,
    ):
        before = _told(host, "usage")
        reader.line()  # connected, and the stream has begun
        reader.tell(str(count))
        end = _end(reader, count)
        after = _told(host, "usage")
    return {
        "replay_per_s": count / (end - before["start"]),
        "replay_cpu_us": 1e6 * (after["cpu_so_far"] - before["cpu_so_far"]) / count,
        "replay_memory_mb": after["memory_mb"],
        "replay_memory_growth_mb": after["memory_mb"] - before["memory_mb"],
    }


def signed_anew(log: IO[bytes], build: Path, folder: Path) -> dict[str, float]:
    """A copy of a long log, every label signed with the next key as after a rotation."""
    _, ours = cores()
    with tempfile.TemporaryDirectory(prefix="labels-", dir=build) as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        with child(log, ours, HOST, copy) as host:
            host.line()
            done = _told(host, "sign")
        with closing(connect(Path(copy) / schema.FILE, readonly=True)) as conn:
            count = store.count(conn)
            if store_keys.left(conn, NEXT.key.public_key.did_key()) or not count:
                raise BenchError("labels of the old key are left")
    return {
        "resign_per_s": count / done["seconds"],
        "resign_cpu_us": 1e6 * done["cpu"] / count,
    }


def _told(host: Child, line: str) -> dict[str, Any]:
    host.tell(line)
    told: dict[str, Any] = orjson.loads(host.line())
    return told


def _end(readers: Child, wanted: int) -> float:
    """When the last reader had all. Raises `BenchError` if one had more, or ended elsewhere."""
    told = orjson.loads(readers.line())
    if told["most"] != wanted or len(told["seqs"]) != 1:
        raise BenchError(f"of {wanted} messages readers had up to {told['most']}: {told['seqs']}")
    end: float = told["end"]
    return end


def _unit(name: str) -> str:
    if name.endswith("_share"):
        return "%"
    if name.endswith("frames_per_s"):
        return "frames/s"
    if name.endswith("_per_s"):
        return "labels/s"
    return "MB" if name.endswith("_mb") else "µs"
