"""The relay is found where the Go client puts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.devnet.relay.installed import RelayMissing, installed_relay


def program(path: Path, text: str = "") -> Path:
    """A program that runs lines of shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def go(folder: Path, gobin: str, gopath: str) -> None:
    """A Go client that tells its settings."""
    program(folder / "go", f'[ "$*" = "env GOBIN GOPATH" ] && echo "{gobin}" && echo "{gopath}"')


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the path."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_where_go_puts_it(path: Path, tmp_path: Path) -> None:
    """Its own folder for programs comes before any other."""
    program(path / "relay")
    first, second = tmp_path / "one", tmp_path / "two"
    relay = program(second / "bin" / "relay")
    go(path, "", f"{first}:{second}")
    assert installed_relay() == relay
    ours = program(tmp_path / "gobin" / "relay")
    go(path, str(ours.parent), f"{first}:{second}")
    assert installed_relay() == ours


def test_on_the_path(path: Path) -> None:
    """Without Go, and where Go has none."""
    relay = program(path / "relay")
    assert installed_relay() == relay
    go(path, "", "/nowhere")
    assert installed_relay() == relay
    program(path / "go", "exit 2")
    assert installed_relay() == relay


def test_without_it_it_says_so(path: Path) -> None:
    """The reason begins as the short list of allowed skips has it."""
    go(path, "", str(path))
    with pytest.raises(RelayMissing, match=r"^no relay: "):
        installed_relay()
