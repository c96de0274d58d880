"""The command line: exit statuses and what is said on the way."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from atp.runtime.lock import StoreLock
from indexer import schema
from tests.conftest import ROOT
from tests.e2e.plyr import COMMAND, environment


def plyr(
    *arguments: str, cwd: Path = ROOT, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment() | {"PYTHONPATH": str(ROOT)} | (env or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_commands_and_settings() -> None:
    """`--help` names every command, a command's help every setting with its default."""
    general = plyr("--help").stdout
    for command in ("serve", "index", "appview", "demo", "status"):
        assert command in general
    served = plyr("serve", "--help").stdout
    assert "--data-dir" in served
    assert "[127.0.0.1:8080]" in served


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["dance"], {}),
        (["serve", "--tune"], {}),
        (["serve", "--relays", "https://x.example.com"], {}),
        (["serve"], {"PLYR_RELAY": "x"}),
    ],
)
def test_usage_errors_exit_with_2(arguments: list[str], env: dict[str, str]) -> None:
    """Unknown commands, flags and settings, and bad values."""
    done = plyr(*arguments, env=env)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_store_in_use_is_refused_with_3(tmp_path: Path) -> None:
    """The writer's lock: a second indexer says who holds the store."""
    with StoreLock(tmp_path / schema.FILE):
        done = plyr("index", f"--data-dir={tmp_path}")
    assert done.returncode == 3
    assert f"process {os.getpid()}" in done.stderr


def test_a_taken_port_is_refused_with_3(tmp_path: Path) -> None:
    """The message names the address and the flag that changes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = plyr("serve", f"--data-dir={tmp_path}", f"--listen={address}")
    assert done.returncode == 3
    assert address in done.stderr
    assert "--listen" in done.stderr


def test_status_of_nothing_is_3(tmp_path: Path) -> None:
    """Nothing runs on that folder."""
    done = plyr("status", f"--data-dir={tmp_path}")
    assert done.returncode == 3
    assert "index.db" in done.stderr


def test_a_demo_does_not_touch_an_index(tmp_path: Path) -> None:
    """A folder that holds an index is refused."""
    (tmp_path / schema.FILE).touch()
    done = plyr("demo", f"--data-dir={tmp_path}", "--listen=127.0.0.1:0")
    assert done.returncode == 3
    assert "folder of its own" in done.stderr


def test_settings_come_from_plyr_toml(tmp_path: Path) -> None:
    """The file of the current directory counts, and its unknown keys are refused."""
    (tmp_path / "plyr.toml").write_text('data_dir = "elsewhere"\nrelay = "x"\n')
    done = plyr("status", cwd=tmp_path)
    assert done.returncode == 2
    assert "relay" in done.stderr
    (tmp_path / "plyr.toml").write_text('data_dir = "elsewhere"\n')
    assert plyr("status", cwd=tmp_path).returncode == 3


def test_a_broken_store_is_loud_and_exits_with_3(tmp_path: Path) -> None:
    """What is no database is said to be none; nothing is made over it."""
    (tmp_path / schema.FILE).write_bytes(b"not a database at all" * 100)
    done = plyr("index", f"--data-dir={tmp_path}", "--relays=ws://127.0.0.1:1")
    assert done.returncode == 3
    assert schema.FILE in done.stderr
    assert (tmp_path / schema.FILE).read_bytes().startswith(b"not a database")
