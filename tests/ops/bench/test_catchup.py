"""The benchmark of catching up measures readers of a service that really catches up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.bench import backfill, catchup


def test_figures_of_a_real_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A round ends when the last commit of the backlog is stored; no request may fail."""
    for module in (backfill, catchup):
        monkeypatch.setattr(module, "REPOS", 6)
        monkeypatch.setattr(module, "RECORDS", 300)
    monkeypatch.setattr(catchup, "ROUNDS", 1)
    monkeypatch.setattr(catchup, "COMMITS", 100)
    monkeypatch.setattr(catchup, "IDLE_S", 1.0)
    monkeypatch.setattr(catchup, "WARM_UP_S", 1.0)
    figures = {figure.name: figure.value for figure in catchup.run(tmp_path)}
    ratio = figures["catchup.busy_p99_ms"] / figures["catchup.idle_p99_ms"]
    assert figures["catchup.p99_ratio"] == pytest.approx(ratio)
    assert figures["catchup.commits_per_s"] > 0
