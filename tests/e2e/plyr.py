"""The `plyr` command as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.world.network import World
from tests.conftest import ROOT


@dataclass
class Running:
    """A command that is ready, and the line that it printed."""

    process: subprocess.Popen[str]
    said: dict[str, Any]


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Start `plyr … --json`, wait until it is ready, end it with SIGTERM to its whole group."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.cli", *arguments, "--json"],
        cwd=ROOT,
        env={name: text for name, text in os.environ.items() if not name.startswith("PLYR_")},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, f"{arguments} ended with {process.wait()} before it was ready"
        yield Running(process, json.loads(line))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        rest, _ = process.communicate(timeout=12)
        assert rest == "", "nothing else is printed"
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


async def told(folder: Path, world: World, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and line of a command that looks after the index of a simulated network."""
    network = (f"--relays={world.relay_url}", f"--plc-url={world.plc_url}")
    return await answered(*arguments, f"--data-dir={folder}", *network, "--allow-private-hosts")


async def answered(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and line of a command that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ops.cli",
        *arguments,
        "--json",
        cwd=ROOT,
        env={name: text for name, text in os.environ.items() if not name.startswith("PLYR_")},
        stdout=subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(said)
