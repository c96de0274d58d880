"""Measured figures: the file that keeps them and the table that shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson
from rich.table import Table

DIGITS = 3
WHOLE_FROM = 1_000
"""The table shows figures from here on without decimals."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One quantity, measured several times."""

    name: str
    unit: str
    runs: tuple[float, ...]

    @property
    def value(self) -> float:
        """The median of the runs."""
        return median(self.runs)


def merge(path: Path, figures: Iterable[Figure]) -> None:
    """Put the figures into the file, an object of name → ``{"value", "unit", "runs"}``.

    Figures of other names that stand there stay; ``runs`` lists what each run gave.
    """
    known = orjson.loads(path.read_bytes()) if path.exists() else {}
    for figure in figures:
        known[figure.name] = {
            "value": round(figure.value, DIGITS),
            "unit": figure.unit,
            "runs": [round(run, DIGITS) for run in figure.runs],
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(known, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def table(figures: Iterable[Figure]) -> Table:
    """Medians and the range of the runs."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("figure", no_wrap=True)
    shown.add_column("unit", no_wrap=True)
    for heading in ("median", "lowest", "highest"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for figure in figures:
        numbers = (figure.value, min(figure.runs), max(figure.runs))
        shown.add_row(figure.name, figure.unit, *map(_number, numbers))
    return shown


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= WHOLE_FROM else f"{number:.2f}"
