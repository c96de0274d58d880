"""Metrics: closed labels, zeros from the start, the scrape."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator

import aiohttp
import prometheus_client
import pytest
from prometheus_client.parser import text_string_to_metric_families

from atp.runtime import metrics
from atp.runtime.config import Listen
from atp.runtime.metrics import Registry


class Kind(enum.Enum):
    COMMIT = "commit"
    SYNC = "sync"


class Result(enum.StrEnum):
    OK = "ok"
    BAD = "bad"


def samples(registry: Registry) -> dict[tuple[str, tuple[str, ...]], float]:
    """Name and label values → value, as the Prometheus parser reads them; ours only."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(registry.render().decode())
        for sample in family.samples
        if not sample.name.startswith("process_")
    }


def test_every_series_exists_at_zero() -> None:
    """All combinations of labels are there before anything happens, and nothing else."""
    registry = Registry()
    registry.counter("frames_total", "Frames.", kind=Kind, result=Result)
    registry.gauge("lag_seconds", "Lag.")
    assert samples(registry) == {
        ("frames_total", ("commit", "ok")): 0,
        ("frames_total", ("commit", "bad")): 0,
        ("frames_total", ("sync", "ok")): 0,
        ("frames_total", ("sync", "bad")): 0,
        ("lag_seconds", ()): 0,
    }


def test_values_land_on_their_series() -> None:
    """Counters add, gauges show the last value, histograms count into buckets."""
    registry = Registry()
    frames = registry.counter("frames_total", "Frames.", kind=Kind)
    lag = registry.gauge("lag_seconds", "Lag.")
    batch = registry.histogram("batch_rows", "Rows.", (10, 100), result=Result)
    frames.inc(Kind.SYNC)
    frames.inc(Kind.SYNC, by=5)
    lag.set(3)
    lag.set(2.5)
    for rows in (5, 50, 500):
        batch.observe(rows, Result.OK)
    found = samples(registry)
    assert found["frames_total", ("sync",)] == 6
    assert found["frames_total", ("commit",)] == 0
    assert found["lag_seconds", ()] == 2.5
    assert found["batch_rows_bucket", ("10.0", "ok")] == 1
    assert found["batch_rows_bucket", ("100.0", "ok")] == 2
    assert found["batch_rows_bucket", ("+Inf", "ok")] == 3
    assert found["batch_rows_sum", ("ok",)] == 555
    assert found["batch_rows_count", ("bad",)] == 0


def test_what_counts_often_is_asked_for_once() -> None:
    """It counts on the series that it was asked for."""
    registry = Registry()
    frames = registry.counter("frames_total", "Frames.", kind=Kind, result=Result)
    count = frames.of(Kind.SYNC, Result.BAD)
    count()
    frames.inc(Kind.SYNC, Result.BAD)
    assert samples(registry)["frames_total", ("sync", "bad")] == 2
    assert samples(registry)["frames_total", ("sync", "ok")] == 0


def test_text_is_no_label() -> None:
    """Only members of the declared classes, in their order, name a series."""
    frames = Registry().counter("frames_total", "Frames.", kind=Kind, result=Result)
    for labels in (("commit", "ok"), (Result.OK, Kind.SYNC), (Kind.SYNC,), ()):
        with pytest.raises(KeyError):
            frames.inc(*labels)


def test_registries_are_apart() -> None:
    """Two registries may hold one name, and neither touches the library's global one."""
    first, second = Registry(), Registry()
    first.counter("twins_total", "A.").inc()
    second.counter("twins_total", "B.")
    assert samples(second)["twins_total", ()] == 0
    assert b"twins" not in prometheus_client.generate_latest()


def test_the_process_shows_itself() -> None:
    """CPU and memory of the process come with every registry."""
    assert b"\nprocess_resident_memory_bytes" in Registry().render()
    assert b"\nplyr_web_process_resident_memory_bytes" in Registry("plyr_web").render()


@pytest.fixture
async def served() -> AsyncIterator[Listen]:
    registry = Registry()
    registry.counter("frames_total", "Frames.").inc()
    async with metrics.serve(registry.page, Listen("127.0.0.1", 0)) as listen:
        yield listen


async def exchange(listen: Listen, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(listen.host, listen.port)
    writer.write(request)
    response = await reader.read()
    writer.close()
    return response


async def test_a_scrape_gets_all_series(served: Listen) -> None:
    """GET /metrics is answered to an ordinary client in the Prometheus text format."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{served}/metrics?x=1") as response,
    ):
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "frames_total 1.0" in await response.text()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405"),
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"\r\n\r\n", b"405"),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * metrics.MAX_HEAD_BYTES * 4, b"431"),
    ],
)
async def test_anything_else_is_refused(served: Listen, request_: bytes, status: bytes) -> None:
    """Other methods, paths and endless heads get their status and the connection ends."""
    assert (await exchange(served, request_)).startswith(b"HTTP/1.1 " + status)


async def test_a_silent_client_is_cut(served: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends half a request holds its connection for a bounded time."""
    monkeypatch.setattr(metrics, "EXCHANGE_SECONDS", 0.05)
    async with asyncio.timeout(3):
        assert await exchange(served, b"GET /metrics HT") == b""


async def test_connections_are_bounded(served: Listen) -> None:
    """One client too many is turned away while the others are served on."""
    held = [
        await asyncio.open_connection(served.host, served.port)
        for _ in range(metrics.MAX_CONNECTIONS)
    ]
    assert await exchange(served, b"") == b""
    reader, writer = held[0]
    writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    for _, writer in held:
        writer.close()
