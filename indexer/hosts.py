"""How much of us each host sees: few requests side by side, and a rest when it wants or needs one.

So a host that is dead, slow or tired of us costs a bounded share of the workers, and the repos on
it wait, or fail, without being tried one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PER_HOST = 2
REST = 30.0
MAX_REST = 3_600.0
"""Seconds that a host which does not answer is left alone: doubled each time, up to the second."""
MAX_HOSTS = 10_000
"""Hosts that are remembered; of more, those that have rested longest are forgotten."""


@dataclass(slots=True)
class _Host:
    running: int = 0
    failures: int = 0
    rests_until: float = 0.0


class Hosts:
    """Hosts by origin; ``clock`` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    def busy(self) -> list[str]:
        """The origins that answer, but are not to be asked now."""
        now = self._clock()
        return [
            origin
            for origin, host in self._hosts.items()
            if not _free(host, now) and not _down(host, now)
        ]

    def down(self, origin: str) -> bool:
        """Whether a host rests because it did not answer."""
        return _down(self._hosts.get(origin, _Host()), self._clock())

    def wait(self, origin: str) -> float:
        """Seconds until a host may be asked; a busy one has a place in about a second."""
        host = self._hosts.get(origin, _Host())
        now = self._clock()
        return 0.0 if _free(host, now) else max(1.0, host.rests_until - now)

    @contextmanager
    def asking(self, origin: str) -> Iterator[None]:
        """Take one of the host's places."""
        host = self._hosts.setdefault(origin, _Host())
        host.running += 1
        try:
            yield
        finally:
            host.running -= 1
            self._prune()

    def rest(self, origin: str) -> float:
        """Seconds for which a host rests, whatever its places."""
        return max(0.0, self._hosts.get(origin, _Host()).rests_until - self._clock())

    def rests(self, origin: str, seconds: float) -> None:
        """Note for how many seconds a host wants to be left alone."""
        host = self._hosts.setdefault(origin, _Host())
        host.rests_until = max(host.rests_until, self._clock() + min(seconds, MAX_REST))
        self._prune()

    def answered(self, origin: str) -> None:
        """Note that a host answers."""
        self._hosts.setdefault(origin, _Host()).failures = 0

    def failed(self, origin: str, rest: float | None) -> None:
        """Note that a host gave no answer, and what it asked for if it said anything."""
        host = self._hosts.setdefault(origin, _Host())
        seconds = REST * 2.0 ** min(host.failures, 16) if rest is None else rest
        host.failures += 1
        host.rests_until = self._clock() + min(seconds, MAX_REST)

    def _prune(self) -> None:
        if len(self._hosts) > MAX_HOSTS:
            now = self._clock()
            known = self._hosts.items()
            resting = [it for it in known if it[1].rests_until > now and not it[1].running]
            running = [it for it in known if it[1].running]
            self._hosts = dict(resting[-MAX_HOSTS // 2 :] + running)


def _free(host: _Host, now: float) -> bool:
    return host.running < PER_HOST and host.rests_until <= now


def _down(host: _Host, now: float) -> bool:
    return host.failures > 0 and host.rests_until > now
