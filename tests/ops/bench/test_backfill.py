"""The benchmark of backfill fetches and indexes everything, or says that it did not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.bench import backfill
from ops.bench.child import BenchError
from ops.bench.fill import STAGES


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few repos, few rounds."""
    monkeypatch.setattr(backfill, "REPOS", 6)
    monkeypatch.setattr(backfill, "RECORDS", 300)
    monkeypatch.setattr(backfill, "ROUNDS", 1)
    monkeypatch.setattr(backfill, "STAGE_ROUNDS", 1)


def test_figures_of_real_processes(small: None, tmp_path: Path) -> None:
    """Speed comes from runs that indexed all of it; the shares are of all that was done."""
    figures = {figure.name: figure.value for figure in backfill.run(tmp_path)}
    assert figures["backfill.records_per_s"] > 0
    shares = {name: value for name, value in figures.items() if name.endswith("_share")}
    assert len(shares) == len(STAGES) + 1
    assert sum(shares.values()) == pytest.approx(100)
    assert min(shares.values()) > 0


def test_what_is_not_indexed_is_no_measurement(
    small: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A network that has less than it should ends the benchmark."""
    filled = backfill.filled

    def short(*arguments: object) -> object:
        monkeypatch.setattr(backfill, "RECORDS", 301)
        return filled(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(backfill, "filled", short)
    with pytest.raises(BenchError, match="300 records of ours are indexed"):
        backfill.run(tmp_path)
