"""Whether answers are current: the writer and every source are judged by their own heartbeats.

A source proves that it lives by frames or pongs, so a namespace in which nothing happens is
healthy. What the indexer last wrote about its sources says nothing once it has stopped writing.

A source that is down, behind or blind for our namespace degrades the whole while another one sees:
answers are current, as far as that one carries. When none is well, or nobody writes, they are not.
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
    DEGRADED = "degraded"
    DISCONNECTED = "disconnected"
    BEHIND = "behind"
    BLIND = "blind"
    SILENT = "silent"
    UNAVAILABLE = "unavailable"


def health(store: Store, version: str, now: int) -> tuple[int, dict[str, object]]:
    """HTTP status and body of ``/xrpc/_health`` at a time in µs; 503 when it is unavailable."""
    with store.snapshot():
        sources = store.sources()
        beat = store.writer_heartbeat()
    writer = Condition.OK if now - beat <= WRITER_SILENCE else Condition.SILENT
    conditions = {source.url: _condition(source, now) for source in sources}
    whole = _whole(writer, set(conditions.values()))
    body: dict[str, object] = {
        "version": version,
        "status": whole,
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
    return 503 if whole is Condition.UNAVAILABLE else 200, body


def _whole(writer: Condition, sources: set[Condition]) -> Condition:
    if writer is not Condition.OK or Condition.OK not in sources:
        return Condition.UNAVAILABLE
    return Condition.OK if sources == {Condition.OK} else Condition.DEGRADED


def _condition(source: Source, now: int) -> Condition:
    if not source.connected:
        return Condition.DISCONNECTED
    if source.heartbeat_at is None or now - source.heartbeat_at > SOURCE_SILENCE:
        return Condition.SILENT
    if source.lag > MAX_LAG:
        return Condition.BEHIND
    return Condition.OK if source.blind_since is None else Condition.BLIND
