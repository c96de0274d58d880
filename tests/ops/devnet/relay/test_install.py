"""The relay is built once, whole or not at all."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ops.devnet.install import InstallError
from ops.devnet.relay.install import RELAY, VERSION, GoMissing, ensure_relay


def fake_go(folder: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> Path:
    """Put a Go on the path that runs a line of shell; the file that its runs are written to."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    runs = folder / "runs"
    script = folder / "bin" / "go"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f'#!/bin/sh\necho "$@" >> {runs}\n{line}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    return runs


def test_builds_once_for_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers at the same time share one build of the pinned version."""
    runs = fake_go(tmp_path, monkeypatch, 'sleep 0.2; touch "$GOBIN/relay"')
    with ThreadPoolExecutor() as pool:
        [binary] = set(pool.map(lambda _: ensure_relay(), range(4)))
    assert binary.exists()
    assert runs.read_text() == f"install {RELAY}@{VERSION}\n"


def test_a_failed_build_leaves_nothing_to_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what Go said, and the next call builds again."""
    fake_go(tmp_path, monkeypatch, 'touch "$GOBIN/relay"; echo no compiler >&2; exit 2')
    with pytest.raises(InstallError, match=r"status 2:\s+no compiler"):
        ensure_relay()
    fake_go(tmp_path, monkeypatch, 'touch "$GOBIN/relay"')
    assert ensure_relay().exists()


def test_without_go_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason begins as the short list of allowed skips has it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GoMissing, match=r"^no Go: "):
        ensure_relay()
