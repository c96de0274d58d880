"""The benchmark of freshness waits for what is written to be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.bench import fresh


def test_figures_of_a_real_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every round has its figures, as every track is shown, and the slowest is no sooner."""
    monkeypatch.setattr(fresh, "ROUNDS", 2)
    monkeypatch.setattr(fresh, "TRACKS", 3)
    figures = {figure.name: figure.runs for figure in fresh.run(tmp_path)}
    p50, p99 = figures["fresh.p50_ms"], figures["fresh.p99_ms"]
    assert len(p50) == len(p99) == 2
    assert all(middle <= slowest for middle, slowest in zip(p50, p99, strict=True))


def test_a_percentile_is_not_beyond_what_was_measured() -> None:
    """However few times there are."""
    times = [1.0] * (fresh.TRACKS - 1) + [2.0]
    assert fresh._percentile(times, 50) == 1.0
    assert 1.0 < fresh._percentile(times, 99) <= 2.0
