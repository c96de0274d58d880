"""The meter measures from the signal to the end, and memory at its peak."""

from __future__ import annotations

import subprocess
import sys

from ops.bench.meter import peak_rss_mb

METERED = """
import time
from ops.bench.meter import Meter
meter = Meter()
time.sleep(1)
print("ready", flush=True)
time.sleep(0.2)
consumed = meter.stop(5, 2)
print(consumed.messages, consumed.ours, consumed.seconds, consumed.cpu_seconds)
"""


def test_measures_from_the_signal() -> None:
    """What was before the signal does not count; sleeping costs time and no processor."""
    with subprocess.Popen(
        [sys.executable, "-c", METERED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "started\n"
        messages, ours, seconds, cpu_seconds = process.stdout.readline().split()
    assert (messages, ours) == ("5", "2")
    assert 0.1 < float(seconds) < 0.9
    assert 0 < float(cpu_seconds) < 0.1


def test_peak_includes_what_is_gone() -> None:
    """Memory that was held and given back is counted."""
    before = peak_rss_mb()
    held = bytearray(300_000_000)
    held[:] = b"x" * len(held)
    del held
    assert peak_rss_mb() > max(before, 300)
