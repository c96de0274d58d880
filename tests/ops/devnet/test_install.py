"""The npm packages are installed once, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ops.devnet import install

FakeNpm = Callable[[str], Path]


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNpm:
    """Put an npm on the path that runs a line of shell and counts its runs in the named file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def write(line: str) -> Path:
        runs = tmp_path / "runs"
        script = tmp_path / "bin" / "npm"
        script.parent.mkdir(exist_ok=True)
        script.write_text(f'#!/bin/sh\necho "$@" >> {runs}\n{line}\n')
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
        return runs

    return write


def test_installs_once_for_many_at_once(fake_npm: FakeNpm, tmp_path: Path) -> None:
    """Callers at the same time share one run of ``npm ci`` that runs no package's scripts."""
    runs = fake_npm("sleep 0.2; touch installed")
    with ThreadPoolExecutor() as pool:
        folders = set(pool.map(lambda _: install.ensure_installed(), range(4)))
    [folder] = folders
    assert folder.parent == tmp_path / "cache" / "plyr-appview"
    assert (folder / "installed").exists()
    assert {path.name for path in install.SOURCES.iterdir()} <= {p.name for p in folder.iterdir()}
    assert runs.read_text() == "ci --ignore-scripts --no-audit --no-fund\n"
    assert install.ensure_installed() == folder
    assert len(runs.read_text().splitlines()) == 1


def test_failed_run_leaves_nothing_to_trust(fake_npm: FakeNpm) -> None:
    """A failed run says what npm said, and the next call installs again."""
    fake_npm("echo the registry is on fire >&2; exit 7")
    with pytest.raises(install.InstallError, match=r"status 7:\s+the registry is on fire"):
        install.ensure_installed()
    fake_npm("touch installed")
    assert (install.ensure_installed() / "installed").exists()


def test_no_npm_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without npm the error tells the user what to install."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(install.NpmMissing, match=r"install Node\.js"):
        install.ensure_installed()


def test_another_content_has_another_folder(
    fake_npm: FakeNpm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed source is a new installation beside the old one."""
    fake_npm("true")
    before = install.ensure_installed()
    sources = tmp_path / "sources"
    sources.mkdir()
    for path in install.SOURCES.iterdir():
        (sources / path.name).write_bytes(path.read_bytes() + b"\n")
    monkeypatch.setattr(install, "SOURCES", sources)
    assert install.ensure_installed() != before


def test_lock_file_names_no_host() -> None:
    """The lock pins every package by digest and none by a download address."""
    lock = (install.SOURCES / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity": "sha512-') > 500


def test_cli_says_why_it_could_not_run(tmp_path: Path) -> None:
    """``python -m ops.devnet`` without npm ends with status 3 and one line of reason."""
    ended = subprocess.run(
        [sys.executable, "-m", "ops.devnet"],
        env={"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    assert ended.stdout == ""
    assert ended.stderr.startswith("devnet: the devnet needs npm")
