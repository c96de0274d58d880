"""The benchmark of freshness waits for what is written to be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.bench import fresh


def test_figures_of_a_real_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every track is shown, and none before it was sent."""
    monkeypatch.setattr(fresh, "ROUNDS", 2)
    monkeypatch.setattr(fresh, "TRACKS", 3)
    figures = {figure.name: figure.runs for figure in fresh.run(tmp_path)}
    assert all(0 < run < 1000 * fresh.PATIENCE_S for run in figures["fresh.p50_ms"])
    assert len(figures["fresh.p99_ms"]) == 2
