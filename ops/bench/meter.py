"""What a consumer's process measures of itself, from connected to done.

Start-up is not part of it: the runner sends a line when the connection stands, the meter answers
``started``, and only then the sender begins.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time


@dataclass(frozen=True, slots=True)
class Consumed:
    """What one consumer did: messages, records of ours that it found, and what it took."""

    messages: int
    ours: int
    seconds: float
    cpu_seconds: float
    rss_mb: float


class Meter:
    """Waits for the signal to start from the moment it is made."""

    def __init__(self) -> None:
        threading.Thread(target=self._await_start, daemon=True).start()

    def stop(self, messages: int, ours: int) -> Consumed:
        """The measurement, ended by the caller's having done the last message."""
        seconds, cpu_seconds = perf_counter() - self._wall, process_time() - self._cpu
        return Consumed(messages, ours, seconds, cpu_seconds, peak_rss_mb())

    def _await_start(self) -> None:
        sys.stdin.readline()
        self._wall, self._cpu = perf_counter(), process_time()
        print("started", flush=True)


def peak_rss_mb() -> float:
    """The most memory that this process has held, in 10⁶ bytes.

    From ``/proc``, because ``getrusage`` counts what its parent held when it forked.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024 / 1e6
    raise RuntimeError("/proc/self/status has no VmHWM: the benchmark needs Linux")
