"""A backfill in a process of its own: ``python -m ops.bench.fill HOST FOLDER [stages]``.

It fills an empty index in ``FOLDER`` from the network whose relay and PLC directory are ``HOST``,
and prints what it measured as a line of JSON. Time runs until the store is closed again. With
``stages`` it also counts what each takes, which makes it slower.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time

import orjson
import uvloop

from atp import cbor
from atp.commit import Commit
from atp.runtime import log
from atp.runtime.sqlite import Writer, connect
from indexer import apply, repair, schema, service, snapshot
from indexer.backfill import Progress
from indexer.car_file import CarFile
from indexer.service import IndexerConfig
from lexicons.names import DEFAULT_NAMESPACE, Names
from ops.bench.meter import peak_rss_mb
from ops.bench.stopwatch import Stopwatch

STAGES: tuple[tuple[str, object, str], ...] = (
    ("car", CarFile, "__init__"),
    ("hashes", CarFile, "__getitem__"),
    ("signature", Commit, "verify"),
    ("tree", snapshot, "read"),
    ("decoding", cbor, "decode_map"),
    ("lexicons", apply, "judge"),
    ("rows", repair, "step"),
    ("commit", Writer, "_transact"),
)
"""A pass over the file; blocks against CIDs; the commit; nodes and keys; records; their schemas.

Then comparing with what is held and writing; and what is left of transactions, mostly COMMIT.
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a backfill did: repos complete, records of ours that are valid, and what it took."""

    repos: int
    ours: int
    seconds: float
    cpu_seconds: float
    rss_mb: float
    stages: dict[str, float]
    """Seconds of CPU time; the rest is HTTP, discovery and the event loop. Empty unless asked for.
    """


def config(host: str, folder: Path) -> IndexerConfig:
    """An indexer of the network behind ``host`` with its store in ``folder``."""
    return IndexerConfig(
        data_dir=folder,
        namespace=DEFAULT_NAMESPACE,
        relays=(f"ws://{host}",),
        starts_at_oldest=True,
        plc_url=f"http://{host}",
        handle_resolvers=(),
        allow_private_hosts=True,
        metrics_listen=None,
    )


def fill(host: str, folder: Path, watch: Stopwatch) -> Filled:
    """Index everything that the network has."""
    wall, cpu = perf_counter(), process_time()
    progress = uvloop.run(_fill(config(host, folder)))
    seconds, cpu_seconds = perf_counter() - wall, process_time() - cpu
    return Filled(
        progress.synchronized, ours(folder), seconds, cpu_seconds, peak_rss_mb(), dict(watch.spent)
    )


async def _fill(settings: IndexerConfig) -> Progress:
    return await service.fill(settings, (), asyncio.Event(), lambda _: None)


def ours(folder: Path) -> int:
    """Valid records of our collections in an index."""
    names = orjson.dumps(list(Names().collections)).decode()
    found: int = (
        connect(folder / schema.FILE, readonly=True)
        .execute(
            "SELECT count(*) FROM records r JOIN collections c ON c.id = r.collection"
            " WHERE r.state = 'valid' AND c.nsid IN (SELECT value FROM json_each(?))",
            (names,),
        )
        .get
    )
    return found


def main() -> None:
    """Fill and report."""
    host, folder, *stages = sys.argv[1:]
    log.configure()
    watch = Stopwatch()
    if stages:
        for stage in STAGES:
            watch.watch(*stage)
    print(orjson.dumps(asdict(fill(host, Path(folder), watch))).decode(), flush=True)


if __name__ == "__main__":
    main()
