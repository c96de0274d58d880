"""The benchmark of pages measures real servers that answer alike."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ops.bench import pages
from ops.bench.child import BenchError
from ops.bench.pages import CEILING, Loaded


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_figures_of_real_servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No request fails; the ceiling serves the AppView's own bytes."""
    answered = []
    ceiling = pages._answers

    def answers(server: pages.Server) -> dict[str, bytes]:
        answered.append(ceiling(server))
        return answered[-1]

    monkeypatch.setattr(pages, "_answers", answers)
    monkeypatch.setattr(pages, "cache_home", lambda: tmp_path)
    monkeypatch.setattr(pages, "SIZES", {"1k": (100, 10), "100k": (300, 20), "1m": (200, 20)})
    monkeypatch.setattr(pages, "ROUNDS", 1)
    monkeypatch.setattr(pages, "ROUND_S", 1)
    monkeypatch.setattr(pages, "BUSY", 0.0)
    figures = {figure.name: figure.value for figure in pages.run(tmp_path / "build")}
    assert answered[0] == answered[-1]
    assert len(answered[0]) > 100
    assert figures["appview.page50.vs_static"] == pytest.approx(
        figures["appview.page50.per_s"] / figures["appview.page50.static_per_s"]
    )
    assert figures["appview.page50.p99_ms"] > 0


def test_without_wrk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is missing is said, and how to get it."""
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(BenchError, match="apt install wrk"):
        pages.run(tmp_path)


def test_only_fair_rounds_count() -> None:
    """A round in which something held the ceiling back gives no ratio."""
    slow, quick = Loaded(100, 1, 2, 0.5), Loaded(300, 1, 2, 0.95)
    held_back, fair = (
        {"1k": slow, "100k": slow, "1m": slow, CEILING: ceiling}
        for ceiling in (Loaded(150, 1, 2, 0.5), quick)
    )
    figures = {figure.name: figure.runs for figure in pages._figures([held_back, fair])}
    assert figures["appview.page50.vs_static"] == (100 / 300,)
    names = {figure.name for figure in pages._figures([held_back])}
    assert "appview.page50.vs_static" not in names
    assert "appview.page50.vs_static_cpu" in names
