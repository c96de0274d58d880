"""Each consumer really consumes the stream, whichever way it comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.bench import ingest
from ops.bench.certificate import make_certificate
from ops.bench.ingest import IngestError, Setting
from ops.bench.meter import Consumed
from ops.bench.sender import Way
from ops.bench.stream import Stream
from tests.ops.bench.conftest import MESSAGES


@pytest.fixture
def setting(
    small_stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Setting]:
    """A setting in which every consumer reads the whole small stream."""
    monkeypatch.setattr(ingest, "COUNTS", dict.fromkeys(ingest.COUNTS, MESSAGES))
    with (tmp_path / "log").open("wb") as log, ingest.plc(small_stream) as plc_url:
        yield Setting(small_stream, plc_url, log, make_certificate(small_stream.folder))


@pytest.mark.parametrize(
    ("name", "way"),
    [
        (ingest.INDEXER, Way.PLAIN),
        (ingest.INDEXER, Way.TLS_SINGLY),
        (ingest.BARE, Way.TLS),
        (ingest.SDK, Way.TLS),
    ],
)
def test_consumes_everything(setting: Setting, name: str, way: Way) -> None:
    """It reads all messages, finds all records of ours, and says what that took."""
    consumed = ingest.measure(setting, name, way)
    assert consumed.messages == MESSAGES
    assert consumed.ours == (0 if name == ingest.BARE else setting.stream.ours(MESSAGES))
    assert 0 < consumed.cpu_seconds < 10 * consumed.seconds
    assert 10 < consumed.rss_mb < 1000


def test_wrong_work_is_no_measurement(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that did not find what is there fails instead of being fast."""
    monkeypatch.setattr(Stream, "ours", lambda *_: 1)
    with pytest.raises(IngestError, match="sdk found 15 records"):
        ingest.measure(setting, ingest.SDK, Way.PLAIN)


def test_broken_run_is_an_error(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that breaks down ends the benchmark at once and says where to look."""
    monkeypatch.setitem(ingest.COUNTS, "nobody", 10)
    with pytest.raises(IngestError, match=r"nobody, plain: broke down, see .*log"):
        ingest.measure(setting, "nobody", Way.PLAIN)


def test_figures_of_a_way() -> None:
    """Speeds, costs and ratios come from the runs, ratios from those of the same round."""
    runs = {
        (Way.PLAIN, ingest.INDEXER): [
            Consumed(100, 1, 1.0, 0.5, 50.0),
            Consumed(100, 1, 2.0, 1, 60),
        ],
        (Way.PLAIN, ingest.BARE): [
            Consumed(100, 0, 0.5, 0.1, 30.0),
            Consumed(100, 0, 1.0, 0.2, 30),
        ],
        (Way.PLAIN, ingest.SDK): [Consumed(10, 1, 1.0, 1.0, 80.0), Consumed(10, 1, 4.0, 2.0, 80)],
    }
    figures = {figure.name: figure.runs for figure in ingest._figures(Way.PLAIN, runs)}
    assert figures["ingest.frames_per_s"] == (100.0, 50.0)
    assert figures["ingest.cpu_us_per_frame"] == (5000.0, 10000.0)
    assert figures["ingest.rss_mb"] == (50.0, 60.0)
    assert figures["ingest.sdk.frames_per_s"] == (10.0, 2.5)
    assert figures["ingest.vs_sdk"] == (10.0, 20.0)
    assert figures["ingest.vs_bare_receive"] == (0.5, 0.5)
