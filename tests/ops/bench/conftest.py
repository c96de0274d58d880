"""A small stream for tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.bench import stream, traffic
from ops.bench.stream import Stream

MESSAGES = 2_000


@pytest.fixture
def small_repos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the traffic have few authors with few records."""
    monkeypatch.setattr(traffic, "AUTHORS", 4)
    monkeypatch.setattr(traffic, "AUTHOR_RECORDS", 100)
    monkeypatch.setattr(traffic, "LISTENER_RECORDS", 50)
    monkeypatch.setattr(traffic, "LISTENER_EVERY", 100)


@pytest.fixture
def small_stream(small_repos: None, tmp_path: Path) -> Stream:
    """A stream of `MESSAGES` messages of such traffic."""
    stream.write(tmp_path, MESSAGES)
    return Stream(tmp_path)
