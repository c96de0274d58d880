"""Hosts are asked gently."""

from __future__ import annotations

import pytest

from indexer import hosts
from indexer.hosts import MAX_REST, PER_HOST, REST, Hosts

A, B = "https://a.example.com", "https://b.example.com"


class Clock:
    """A clock to turn."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_host_has_a_few_places() -> None:
    """A full host is busy until somebody leaves; others are not."""
    known = Hosts(Clock())
    with known.asking(A):
        assert known.wait(A) == 0
        with known.asking(A):
            assert PER_HOST == 2
            assert known.busy() == [A]
            assert known.wait(A) == 1.0
            assert known.wait(B) == 0
        assert known.busy() == []


def test_a_silent_host_rests_longer_each_time() -> None:
    """Rests double up to a limit; an answer ends that."""
    clock = Clock()
    known = Hosts(clock)
    for expected in (REST, 2 * REST, 4 * REST):
        known.failed(A, None)
        assert known.wait(A) == expected
        clock.now += expected
        assert known.wait(A) == 0
    for _ in range(40):
        known.failed(A, None)
    assert known.wait(A) == MAX_REST
    clock.now += MAX_REST
    known.answered(A)
    known.failed(A, None)
    assert known.wait(A) == REST


def test_what_a_host_asks_for_is_kept_to() -> None:
    """Retry-After after a refusal, a spent rate limit after an answer."""
    known = Hosts(Clock())
    known.failed(A, 7.0)
    known.rests(B, 9.0)
    known.rests(B, 3.0)
    known.answered(B)
    assert (known.wait(A), known.wait(B)) == (7.0, 9.0)
    assert known.busy() == [B]  # A did not answer: what is on it fails at once
    assert (known.down(A), known.down(B)) == (True, False)
    known.rests("https://c.example.com", 1e9)
    assert known.rest("https://c.example.com") == MAX_REST


def test_a_full_host_does_not_rest() -> None:
    """Its places say nothing about its patience."""
    known = Hosts(Clock())
    with known.asking(A), known.asking(A):
        assert (known.wait(A), known.rest(A)) == (1.0, 0.0)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that neither run nor rest are forgotten."""
    monkeypatch.setattr(hosts, "MAX_HOSTS", 3)
    known = Hosts(Clock())
    known.failed(A, None)
    for n in range(100):
        with known.asking(f"https://{n}.example.com"):
            pass
    assert len(known._hosts) <= 4
    assert known.down(A)
    with known.asking(B):
        for n in range(100):
            known.rests(f"https://{n}.example.com", 9.0)
        assert len(known._hosts) <= 5
        assert known.rest("https://99.example.com") == 9.0
        assert B in known._hosts
