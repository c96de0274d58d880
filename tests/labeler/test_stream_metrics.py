"""What the stream counts, over real sockets."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from atp.runtime.metrics import Registry
from labeler.decide import Statement
from labeler.stream_metrics import Metrics, Refusal
from ops import websocket
from tests.labeler.served import reading, served, tracks, until
from tests.labeler.test_stream import LONG_URI, deaf


@pytest.fixture
def registry() -> Registry:
    """Where the series are."""
    return Registry("test")


def test_every_series_is_there_from_the_start(registry: Registry) -> None:
    """Each reason is a series at 0, and no other label can be."""
    Metrics(registry)
    said = registry.render().decode()
    for why in Refusal:
        assert f'label_refusals_total{{reason="{why.value}"}} 0.0' in said
    for name in ("label_subscribers", "label_frames_total", "label_consumers_too_slow_total"):
        assert f"\n{name} 0.0" in said


async def test_subscribers_frames_and_refusals(folder: Path, registry: Registry) -> None:
    """Each label counts once for each subscriber, each refusal under its reason."""

    def said(series: str) -> bool:
        return f"\n{series}\n" in registry.render().decode()

    async with served(folder, registry=registry) as it:
        await it.give(*tracks(300))
        async with reading(it.port, 0) as one, reading(it.port, 0) as other:
            await one.labels(300)
            await other.labels(300)
            await until(lambda: said("label_frames_total 600.0"))
            assert said("label_subscribers 2.0")
        await until(lambda: said("label_subscribers 0.0"))
        async with reading(it.port, 2**53 - 1) as late:
            assert (await late.end())[0] == "FutureCursor"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with reading(it.port, "soon"):
                pass
        assert said('label_refusals_total{reason="future_cursor"} 1.0')
        assert said('label_refusals_total{reason="cursor"} 1.0')


async def test_who_is_too_slow(
    folder: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subscriber who never reads is counted once."""
    monkeypatch.setattr(websocket, "PATIENCE", 0.2)
    monkeypatch.setattr(websocket, "CLOSING_SECONDS", 0.2)
    async with served(folder, registry=registry) as it:
        await it.give(*(Statement(f"{LONG_URI}{n}", "spam") for n in range(900)))
        with deaf(it.port):
            await until(lambda: it.stream.subscribers == 1)
            await until(lambda: it.stream.subscribers == 0)
    assert b"\nlabel_consumers_too_slow_total 1.0\n" in registry.render()
