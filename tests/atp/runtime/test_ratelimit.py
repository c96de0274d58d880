"""Allowances."""

from __future__ import annotations

import pytest

from atp.runtime import ratelimit
from atp.runtime.ratelimit import RateLimiter


class Clock:
    """Microseconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000

    def __call__(self) -> int:
        return self.seconds * 1_000_000


def test_so_many_in_a_window() -> None:
    """The call after the last one is too many, until the window ends; others are not concerned."""
    clock = Clock()
    limiter = RateLimiter(2, 100, clock)
    assert [limiter.take("a").exceeded for _ in range(3)] == [False, False, True]
    assert not limiter.take("b").exceeded
    clock.seconds = 1_099
    assert limiter.take("a").exceeded
    clock.seconds = 1_100
    assert not limiter.take("a").exceeded


def test_the_caller_is_told() -> None:
    """What is left, until when, and how long to wait when nothing is."""
    limiter = RateLimiter(1, 100, Clock())
    assert dict(limiter.take("a").headers()) == {
        b"ratelimit-limit": b"1",
        b"ratelimit-remaining": b"0",
        b"ratelimit-reset": b"1100",
        b"ratelimit-policy": b"1;w=100",
    }
    assert dict(limiter.take("a").headers())[b"retry-after"] == b"100"


def test_a_look_costs_nothing() -> None:
    """Looking tells whether a call would be too many, and is none."""
    limiter = RateLimiter(1, 100, Clock())
    assert [limiter.look("a").exceeded for _ in range(3)] == [False] * 3
    limiter.take("a")
    assert limiter.look("a").exceeded


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers beyond the bound share one allowance; those known before keep theirs."""
    monkeypatch.setattr(ratelimit, "MAX_CALLERS", 3)
    limiter = RateLimiter(2, 100, Clock())
    for name in "abc":
        assert not limiter.take(name).exceeded
    assert [limiter.take(name).exceeded for name in "defg"] == [False, False, True, True]
    assert not limiter.take("a").exceeded
    assert len(limiter._used) == 4
