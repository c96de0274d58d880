"""Processes of a benchmark, each on its core, that talk in lines."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class BenchError(RuntimeError):
    """A run broke down or did not do what it was to be measured for."""


class Child:
    """A process of our own interpreter; what it says to standard error is logged."""

    def __init__(self, process: subprocess.Popen[str], log: IO[bytes]) -> None:
        self._process = process
        self._log = log

    def line(self) -> str:
        """The next line that it prints. Raises `BenchError` when there will be none."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise BenchError(f"{self._process.args!r} broke down, see {self._log.name}")
        return line

    def cpu_seconds(self) -> float:
        """CPU time that it has used so far, that of its ended children not counted."""
        told = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, told[11:13])) / os.sysconf("SC_CLK_TCK")

    def tell(self, line: str) -> None:
        """Send it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


@contextmanager
def child(log: IO[bytes], core: int, module: str, *arguments: object) -> Iterator[Child]:
    """A module as a process on one core, ended with the context."""
    everything = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})  # inherited
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    finally:
        os.sched_setaffinity(0, everything)
    with process:
        try:
            yield Child(process, log)
        finally:
            process.terminate()


def cores() -> tuple[int, int]:
    """The core of what is around, and that of what is measured; the same where there is but one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
