"""The finished prefix of a stream."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexer.prefix import Prefix


def test_the_position_waits_for_the_oldest_unfinished() -> None:
    """What finished later than something unfinished does not move the position past it."""
    prefix = Prefix(10)
    prefix.begin(11)
    prefix.seen = 12
    prefix.begin(13)
    prefix.finish(13)
    assert (prefix.position, prefix.seen, len(prefix)) == (10, 13, 2)
    prefix.finish(11)
    assert (prefix.position, len(prefix)) == (13, 0)


def test_a_live_start_has_no_position_until_it_sees_a_frame() -> None:
    """Before the first frame nothing can be stored."""
    prefix = Prefix(None)
    assert prefix.position is None
    prefix.begin(500)
    assert prefix.position == 499


@given(st.permutations(range(1, 12)), st.sets(st.integers(1, 11)))
def test_position_equals_the_slow_definition(order: list[int], ours: set[int]) -> None:
    """The position is the largest n such that all of 1..n are finished or foreign."""
    prefix = Prefix(0)
    for seq in range(1, 12):
        if seq in ours:
            prefix.begin(seq)
        else:
            prefix.seen = seq
    finished: set[int] = set()
    for seq in order:
        if seq in ours:
            prefix.finish(seq)
            finished.add(seq)
        done = [n for n in range(1, 12) if n not in ours or n in finished]
        expected = next((n - 1 for n in range(1, 12) if n not in done), 11)
        assert prefix.position == expected
