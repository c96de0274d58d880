"""Figures are kept beside those of other benchmarks and shown with their range."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
from rich.console import Console

from ops.bench.figures import Figure, merge, table

SPEED = Figure("a.speed", "x/s", (1.0, 30.0, 2.00049))


def test_file_keeps_what_others_measured(tmp_path: Path) -> None:
    """A figure replaces its namesake and leaves the others; its value is the median."""
    path = tmp_path / "build" / "bench.json"
    merge(path, [Figure("a.speed", "x/s", (7.0,)), Figure("b.size", "MB", (4.0, 2.0))])
    merge(path, [SPEED])
    assert orjson.loads(path.read_bytes()) == {
        "a.speed": {"value": 2.0, "unit": "x/s", "runs": [1.0, 30.0, 2.0]},
        "b.size": {"value": 3.0, "unit": "MB", "runs": [4.0, 2.0]},
    }


def test_table_shows_median_and_range() -> None:
    """One row a figure, its median before its extremes, on eighty columns."""
    large = Figure("a.figure_with_quite_a_long_name_to_show", "frames/s", (12_345.6, 1e6))
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table([SPEED, large]))
    rows = [line.split() for line in capture.get().splitlines() if "a." in line]
    assert rows == [
        ["a.speed", "x/s", "2.00", "1.00", "30.00"],
        [large.name, "frames/s", "506,173", "12,346", "1,000,000"],
    ]


def test_unknown_benchmark_is_a_usage_error() -> None:
    """A name that is no benchmark ends with status 2 and the names there are."""
    ended = subprocess.run(
        [sys.executable, "-m", "ops.bench", "speed"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "there are: ingest" in ended.stderr
