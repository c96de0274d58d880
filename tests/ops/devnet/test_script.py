"""The child process of a script comes to its end."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE

import pytest

from ops.devnet import script

ENDS_WITH_STDIN = "import sys; sys.stdin.read()"
NEVER_ENDS = "import time; time.sleep(600)"


@pytest.mark.parametrize(
    ("code", "patience", "status"),
    [(ENDS_WITH_STDIN, 60.0, 0), (NEVER_ENDS, 0.05, -signal.SIGKILL)],
)
async def test_in_order_or_not(
    monkeypatch: pytest.MonkeyPatch, code: str, patience: float, status: int
) -> None:
    """One that heeds its stdin ends by itself, any other is killed."""
    monkeypatch.setattr(script, "STOP_TIMEOUT_S", patience)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=PIPE)
    await script.end(process)
    assert process.returncode == status
    await script.end(process)
