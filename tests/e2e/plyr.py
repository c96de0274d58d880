"""The `plyr` command as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.world.network import World
from tests.conftest import ROOT
from tests.e2e.running import PATIENCE

COMMAND = (sys.executable, "-m", "ops.cli")


@dataclass
class Running:
    """A command that is ready, and the line that it printed."""

    process: subprocess.Popen[str]
    said: dict[str, Any]


def environment() -> dict[str, str]:
    """What a command inherits: no setting of whoever runs the tests."""
    return {name: text for name, text in os.environ.items() if not name.startswith("PLYR_")}


async def start(
    *arguments: str, stdout: int = asyncio.subprocess.PIPE, stderr: int | None = None
) -> asyncio.subprocess.Process:
    """Start `plyr …` in a process group of its own."""
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        cwd=ROOT,
        env=environment(),
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


async def serve(folder: Path, *flags: str, stderr: int | None = None) -> asyncio.subprocess.Process:
    """Start `plyr serve --json` over a data folder, on a free port."""
    local = (f"--data-dir={folder}", "--allow-private-hosts", "--listen=127.0.0.1:0")
    return await start("serve", "--json", *local, *flags, stderr=stderr)


@asynccontextmanager
async def serving(folder: Path, *flags: str) -> AsyncIterator[dict[str, Any]]:
    """`plyr serve` from its ready line, which is the value, to SIGINT to its whole group."""
    process = await serve(folder, *flags)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            said = json.loads(await process.stdout.readline())
        yield said
    finally:
        os.killpg(process.pid, signal.SIGINT)
        async with asyncio.timeout(12):
            rest, _ = await process.communicate()
    assert process.returncode == 0
    assert rest == b""


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Start `plyr … --json`, wait until it is ready, end it with SIGTERM to its whole group."""
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--json"],
        cwd=ROOT,
        env=environment(),
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
        *COMMAND,
        *arguments,
        "--json",
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(said)
