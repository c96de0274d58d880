"""The labeler's side of the measurement, on one core: it decides, signs, stores and streams.

``python -m ops.bench.labels_host FOLDER [stages]`` serves the stream of the store there as the web
process does, and prints its port. A line ``give COUNT BATCH`` has it store so many labels,
``BATCH`` in each transaction; ``sign`` has it sign all anew with another key, ``usage`` nothing.
Each line is answered with what came of it, as a line of JSON.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

import orjson
import uvicorn
import uvloop

from atp.keys import Curve, PrivateKey
from atp.label import Label
from atp.runtime.clock import now_micros
from atp.runtime.sqlite import Writer
from atp.runtime.xrpc import Router
from labeler import decide, schema, store, stream
from labeler.labels import Labels
from labeler.rotate import sign_anew
from ops.bench.labels_log import ACTOR, SIGNER, statement
from ops.bench.stopwatch import Stopwatch
from ops.connection import Connection
from ops.websocket import OPTIONS

NEXT = replace(SIGNER, key=PrivateKey.from_bytes(Curve.K256, b"\x06" * 32))
STAGES = ("decide", "sign", "rows")


def watched() -> Stopwatch:
    """A stopwatch over the stages of storing a label; what is left is committing it."""
    watch = Stopwatch()
    watch.watch("decide", decide, "label")
    watch.watch("sign", Label, "sign")
    for name in ("key_number", "newest_time", "add_event", "add_label"):
        watch.watch("rows", store, name)
    return watch


async def main() -> None:
    """Serve until the runner has no more to say."""
    watch = watched() if sys.argv[2:] == ["stages"] else Stopwatch()
    path = Path(sys.argv[1]) / schema.FILE
    writer = Writer(path, schema.migrations(), "FULL")
    async with stream.serving(path) as it:
        labels = Labels(writer, SIGNER, now_micros, it.wake)
        app = Router([], {}, lambda *_: None, mounts={stream.PATH: it})
        listener = {"http": Connection, "log_config": None, "lifespan": "off", **OPTIONS}
        server = uvicorn.Server(uvicorn.Config(app, port=0, **listener))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            start, cpu = perf_counter(), process_time()
            match line.split():
                case ["give", count, batch]:
                    await _give(labels, int(count), int(batch))
                case ["sign"]:
                    while await writer.run(lambda conn: sign_anew(conn, NEXT, now_micros)):
                        it.renewed()
            seconds, spent = perf_counter() - start, process_time() - cpu
            told = {
                "start": start,
                "seconds": seconds,
                "cpu": spent,
                "cpu_so_far": process_time(),
                "memory_mb": memory_mb(),
                "stages": watch.spent,
            }
            print(orjson.dumps(told).decode(), flush=True)
        server.should_exit = True
        await serving
    await writer.close()


def memory_mb() -> float:
    """Memory of our own in 10⁶ bytes, without the pages of the store that are mapped."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "RssAnon":
            return int(value.split()[0]) * 1024 / 1e6
    raise RuntimeError("/proc/self/status has no RssAnon: the benchmark needs Linux")


async def _give(labels: Labels, count: int, batch: int) -> None:
    for first in range(0, count, batch):
        numbers = range(first, min(first + batch, count))
        await labels.apply([statement(number) for number in numbers], ACTOR)


if __name__ == "__main__":
    uvloop.run(main())
