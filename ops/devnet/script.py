"""A script of the npm packages as a child process, which says on its stdout what it has to say.

It holds the other end of its stdin pipe, so it ends with its parent however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from asyncio.subprocess import Process
from collections.abc import Mapping
from pathlib import Path

from ops.devnet.install import node

STOP_TIMEOUT_S = 5.0


async def start(folder: Path, name: str, log_path: Path, environment: Mapping[str, str]) -> Process:
    """Run a script of an installed folder; its stderr goes to the end of the log."""
    with log_path.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            node(folder),
            name,
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # a Ctrl-C is ours to pass on, in order
        )


async def end(process: Process) -> None:
    """End a script, in order when it can within seconds."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
