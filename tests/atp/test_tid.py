"""TIDs, against the derived vectors and their laws."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.errors import InvalidIdentifier
from atp.tid import MAX_CLOCK_ID, MAX_MICROS, Tid, TidClock

TIMES = st.integers(0, MAX_MICROS)
CLOCK_IDS = st.integers(0, MAX_CLOCK_ID)


def test_vectors(vectors: Path) -> None:
    """Each time and clock id makes the TID of the vectors, and the TID tells the time again."""
    cases = json.loads((vectors / "derived/tid.json").read_text())["cases"]
    assert cases
    for case in cases:
        assert Tid.from_micros(case["micros"], case["clockid"]) == case["tid"]
        assert Tid.parse(case["tid"]).micros() == case["micros"]


@given(TIMES, CLOCK_IDS)
def test_round_trip(micros: int, clock_id: int) -> None:
    """A TID that was made is well formed and keeps its time."""
    assert Tid.parse(Tid.from_micros(micros, clock_id)).micros() == micros


@given(st.tuples(TIMES, CLOCK_IDS), st.tuples(TIMES, CLOCK_IDS))
def test_order(one: tuple[int, int], other: tuple[int, int]) -> None:
    """TIDs sort as text in the order of time and clock id."""
    assert (one < other) == (Tid.from_micros(*one) < Tid.from_micros(*other))


@pytest.mark.parametrize(
    ("micros", "clock_id"), [(-1, 0), (MAX_MICROS + 1, 0), (0, -1), (0, MAX_CLOCK_ID + 1)]
)
def test_what_does_not_fit(micros: int, clock_id: int) -> None:
    """A time or clock id that does not fit is refused, not cut."""
    with pytest.raises(InvalidIdentifier):
        Tid.from_micros(micros, clock_id)


@given(CLOCK_IDS, st.lists(st.integers(0, 2**50), min_size=2))
def test_clock_never_goes_back(clock_id: int, times: list[int]) -> None:
    """A clock's TIDs grow strictly though the time passed in stands still or falls."""
    clock = TidClock(clock_id)
    tids = [clock.next(now) for now in times]
    assert tids == sorted(set(tids))
    assert all(tid.micros() >= now for tid, now in zip(tids, times, strict=True))
    assert tids[0].micros() == times[0]
