"""How fast the indexer reads a relay, beside a bare receive loop and the SDK's firehose client.

Everything runs in processes of its own, one consumer at a time, on the same bytes; the consumers
take turns in every round, so that whatever else the machine does meets all of them. The indexer is
the whole service: it routes, verifies and stores, and is done when the last record of ours is
committed with its cursor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

from ops.bench import stream as streams
from ops.bench.certificate import make_certificate
from ops.bench.figures import Figure
from ops.bench.meter import Consumed
from ops.bench.sender import Way
from ops.bench.stream import MESSAGES, Stream

ROUNDS = 5
RUN_TIMEOUT_S = 60
SETTLE_S = 1.0
"""From the connection to the first message, for what a consumer does once at its start."""
INDEXER, BARE, SDK = "indexer", "bare", "sdk"
COUNTS = {INDEXER: MESSAGES, BARE: MESSAGES, SDK: MESSAGES // 10}
"""Messages for each consumer; the SDK is given fewer so that it ends in this minute."""
PREFIXES = {
    Way.PLAIN: "ingest",
    Way.TLS: "ingest.tls",
    Way.TLS_SINGLY: "ingest.tls_singly",
}


class IngestError(RuntimeError):
    """A run broke down or did not do what it was to be measured for."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all runs share."""

    stream: Stream
    plc_url: str
    log: IO[bytes]
    certificate: Path


def run(build: Path) -> list[Figure]:
    """All figures; needs some two minutes, and one more where the stream is not made yet."""
    stream = streams.cached(build)
    runs: dict[tuple[Way, str], list[Consumed]] = {}
    with (build / "ingest.log").open("wb") as log, plc(stream) as plc_url:
        setting = Setting(stream, plc_url, log, make_certificate(stream.folder))
        for number in range(1, ROUNDS + 1):
            for way in Way:
                print(f"ingest: round {number} of {ROUNDS}, {way.value}", file=sys.stderr)
                for name in COUNTS:
                    runs.setdefault((way, name), []).append(measure(setting, name, way))
    return [figure for way in Way for figure in _figures(way, runs)]


def measure(setting: Setting, name: str, way: Way) -> Consumed:
    """One run of one consumer. Raises IngestError."""
    stream, count = setting.stream, COUNTS[name]
    try:
        consumed = _run(setting, name, way, count)
    except EOFError as exc:
        raise IngestError(f"{name}, {way.value}: broke down, see {setting.log.name}") from exc
    if name != BARE and consumed.ours != stream.ours(count):
        raise IngestError(
            f"{name} found {consumed.ours} records of ours in {count} messages, "
            f"which hold {stream.ours(count)}"
        )
    return consumed


def _run(setting: Setting, name: str, way: Way, count: int) -> Consumed:
    folder = setting.stream.folder
    with _process(setting, "sender", folder, count, way.value) as sender:
        scheme = "wss" if way.encrypted else "ws"
        url = f"{scheme}://127.0.0.1:{_line(sender)}"
        with _process(setting, "consumer", name, url, setting.plc_url, folder, count) as consumer:
            threading.Thread(target=_end_together, args=(consumer, sender), daemon=True).start()
            _line(sender)  # connected
            time.sleep(SETTLE_S)
            _go(consumer)
            _line(consumer)  # started
            _go(sender)
            return Consumed(**json.loads(_line(consumer)))


@contextmanager
def plc(stream: Stream) -> Iterator[str]:
    """A PLC directory of the listeners, at the URL given."""
    documents = {f"/{document['id']}": document for document in stream.documents()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = documents.get(self.path.replace("%3A", ":"))
            body = json.dumps(document or {"message": "DID not registered"}).encode()
            self.send_response(200 if document else 404)
            self.send_header("Content-Type", "application/did+ld+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def _process(setting: Setting, module: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process of this package; it is killed when it takes too long, and left to end by itself."""
    with subprocess.Popen(
        [sys.executable, "-m", f"ops.bench.{module}", *map(str, arguments)],
        env={**os.environ, "SSL_CERT_FILE": str(setting.certificate)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=setting.log,
        text=True,
    ) as process:
        killer = threading.Timer(RUN_TIMEOUT_S, process.kill)
        killer.start()
        try:
            yield process
            process.wait()
        finally:
            process.kill()
            killer.cancel()


def _end_together(consumer: subprocess.Popen[str], sender: subprocess.Popen[str]) -> None:
    """Let nobody wait for a client that will not come any more."""
    consumer.wait()
    sender.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise EOFError
    return line.strip()


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def _figures(way: Way, runs: Mapping[tuple[Way, str], list[Consumed]]) -> list[Figure]:
    prefix = PREFIXES[way]
    shown = [
        *_costs(prefix, runs[way, INDEXER]),
        *_costs(f"{prefix}.bare", runs[way, BARE]),
        *_costs(f"{prefix}.sdk", runs[way, SDK]),
    ]
    ours = _speeds(runs[way, INDEXER])
    for name, rival in (("vs_sdk", SDK), ("vs_bare_receive", BARE)):
        pairs = zip(ours, _speeds(runs[way, rival]), strict=True)
        shown.append(Figure(f"{prefix}.{name}", "×", tuple(a / b for a, b in pairs)))
    return shown


def _costs(prefix: str, runs: list[Consumed]) -> list[Figure]:
    cpu = tuple(1e6 * one.cpu_seconds / one.messages for one in runs)
    return [
        Figure(f"{prefix}.frames_per_s", "frames/s", _speeds(runs)),
        Figure(f"{prefix}.cpu_us_per_frame", "µs", cpu),
        Figure(f"{prefix}.rss_mb", "MB", tuple(one.rss_mb for one in runs)),
    ]


def _speeds(runs: list[Consumed]) -> tuple[float, ...]:
    return tuple(one.messages / one.seconds for one in runs)
