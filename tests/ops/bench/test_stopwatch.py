"""What a stage takes is its own."""

from __future__ import annotations

import threading
from time import thread_time

import pytest

from ops.bench.stopwatch import Stopwatch

SECONDS = 0.05


def busy() -> None:
    """Use a known amount of CPU time."""
    end = thread_time() + SECONDS
    while thread_time() < end:
        pass


class Work:
    """Something in two stages."""

    def whole(self) -> str:
        """Some by itself, twice as much in a part."""
        busy()
        self.part()
        self.part()
        return "done"

    def part(self) -> None:
        """A stage."""
        busy()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """A stopwatch on both stages, taken off afterwards."""
    for name in ("whole", "part"):
        monkeypatch.setattr(Work, name, getattr(Work, name))
    watch = Stopwatch()
    watch.watch("outer", Work, "whole")
    watch.watch("inner", Work, "part")
    return watch


def test_time_inside_another_stage_is_not_counted_twice(watched: Stopwatch) -> None:
    """The stages add up to the whole."""
    assert Work().whole() == "done"
    assert watched.spent["outer"] == pytest.approx(SECONDS, rel=0.3)
    assert watched.spent["inner"] == pytest.approx(2 * SECONDS, rel=0.3)


def test_threads_are_counted_apart_and_together(watched: Stopwatch) -> None:
    """What another thread does meanwhile is no part of a stage, but of the sum."""
    threads = [threading.Thread(target=Work().part) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert watched.spent["inner"] == pytest.approx(2 * SECONDS, rel=0.3)
