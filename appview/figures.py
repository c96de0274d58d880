"""How an account's tracks do, in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DAY = 24 * 3_600 * 1_000_000
"""µs; days are counted from the epoch, in UTC."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over an artist's tracks."""

    tracks: int
    seconds: int
    likes: int
    comments: int
    lists: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Totals, the best tracks by each count, and how many of each came on which day."""

    totals: Totals
    liked: Sequence[int]
    commented: Sequence[int]
    listed: Sequence[int]
    likes: Mapping[int, int]
    comments: Mapping[int, int]
    list_adds: Mapping[int, int]
