"""One consumer in a process of its own: ``python -m ops.bench.consumer NAME URL PLC FOLDER COUNT``.

It reads ``COUNT`` messages of the stream in ``FOLDER`` from the websocket server at ``URL`` and
prints what it measured as a line of JSON. A consumer is a module of `ops.bench.consumers`, imported
only here, so that nobody's memory is counted against another.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from ops.bench.meter import Consumed, Meter


@dataclass(frozen=True, slots=True)
class Job:
    """What to consume: ``count`` messages from ``url``, with identities from ``plc_url``."""

    url: str
    plc_url: str
    folder: Path
    count: int


def main() -> None:
    """Consume and report."""
    name, url, plc_url, folder, count = sys.argv[1:]
    consume = importlib.import_module(f"ops.bench.consumers.{name}").consume
    consumed: Consumed = consume(Job(url, plc_url, Path(folder), int(count)), Meter())
    print(orjson.dumps(asdict(consumed)).decode(), flush=True)


if __name__ == "__main__":
    main()
