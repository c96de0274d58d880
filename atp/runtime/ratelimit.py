"""How often somebody may call: so many times in each window, and word of it in every answer.

Windows are the same for everybody, so all that is remembered of a past one is dropped at once, and
what is remembered of the present one is bounded: callers beyond the bound share one allowance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from atp.runtime.asgi import Header

MAX_CALLERS = 100_000

_EVERYBODY_ELSE = ""


class Allowance(NamedTuple):
    """What is left to a caller; ``reset`` is when the window ends, seconds since the epoch."""

    limit: int
    window: int
    used: int
    reset: int
    now: int

    @property
    def exceeded(self) -> bool:
        """Whether this call is one too many."""
        return self.used > self.limit

    def headers(self) -> tuple[Header, ...]:
        """The same for the caller, as AT Protocol hosts say it (spec §3)."""
        told = (
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % max(0, self.limit - self.used)),
            (b"ratelimit-reset", b"%d" % self.reset),
            (b"ratelimit-policy", b"%d;w=%d" % (self.limit, self.window)),
        )
        if self.exceeded:
            return (*told, (b"retry-after", b"%d" % max(1, self.reset - self.now)))
        return told


class RateLimiter:
    """``limit`` calls in each ``window`` of seconds; ``clock`` gives µs since the epoch."""

    def __init__(self, limit: int, window: int, clock: Callable[[], int]) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._present = 0
        self._used: dict[str, int] = {}

    def take(self, caller: str) -> Allowance:
        """Count a call, and say what is left after it."""
        return self._allowance(caller, calls=1)

    def look(self, caller: str) -> Allowance:
        """What would be left after a call, without counting one."""
        return self._allowance(caller, calls=0)

    def _allowance(self, caller: str, calls: int) -> Allowance:
        now = self._clock() // 1_000_000
        number = now // self._window
        if number != self._present:
            self._present = number
            self._used.clear()
        if caller not in self._used and len(self._used) >= MAX_CALLERS:
            caller = _EVERYBODY_ELSE
        used = self._used.get(caller, 0)
        if calls:
            self._used[caller] = used + calls
        return Allowance(self._limit, self._window, used + 1, (number + 1) * self._window, now)
