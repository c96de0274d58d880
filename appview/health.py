"""Whether answers are current: the writer and every source are judged by their own heartbeats.

A source proves that it lives by frames or pongs, so a namespace in which nothing happens is
healthy. What the indexer last wrote about its sources says nothing once it has stopped writing.
"""

from __future__ import annotations

from enum import StrEnum

from appview.store import Source, Store

MICROS = 1_000_000
WRITER_SILENCE = 10 * MICROS
"""µs since its last heartbeat after which the indexer, which gives one a second, is dead."""
SOURCE_SILENCE = 120 * MICROS
"""µs without a frame or pong after which a connection is one in name only."""
MAX_LAG = 60 * MICROS
"""µs that a source's events may be old when they come."""


class Condition(StrEnum):
    """How a source, the writer or all together are."""

    OK = "ok"
    DISCONNECTED = "disconnected"
    BEHIND = "behind"
    SILENT = "silent"
    UNAVAILABLE = "unavailable"


def health(store: Store, version: str, now: int) -> tuple[int, dict[str, object]]:
    """HTTP status and body of ``/xrpc/_health`` at a time in µs; 503 unless all is well."""
    with store.snapshot():
        sources = store.sources()
        beat = store.writer_heartbeat()
    writer = Condition.OK if now - beat <= WRITER_SILENCE else Condition.SILENT
    conditions = {source.url: _condition(source, now) for source in sources}
    well = bool(sources) and {writer, *conditions.values()} == {Condition.OK}
    body: dict[str, object] = {
        "version": version,
        "status": Condition.OK if well else Condition.UNAVAILABLE,
        "writer": writer,
        "sources": [
            {
                "url": source.url,
                "status": conditions[source.url],
                "lagSeconds": source.lag // MICROS,
            }
            for source in sources
        ],
    }
    return 200 if well else 503, body


def _condition(source: Source, now: int) -> Condition:
    if not source.connected:
        return Condition.DISCONNECTED
    if source.heartbeat_at is None or now - source.heartbeat_at > SOURCE_SILENCE:
        return Condition.SILENT
    return Condition.OK if source.lag <= MAX_LAG else Condition.BEHIND
