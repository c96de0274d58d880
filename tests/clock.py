"""The clock of the machine, where a test needs a real one."""

from __future__ import annotations

import time


def now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1_000
