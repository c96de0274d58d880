"""How far a stream has got and how late it is, by its own events' times and its signs of life.

A time in a frame is anybody's claim: one frame of a host with a wrong clock or a backlog says
nothing of the stream. So lag is the least of the last looks, and how far a stream has surely got
the least too. A stream in which nothing comes has told everything, provided that it lives; a dead
one counts as alive until a ping has gone unanswered, so where it matters silence must be longer.
"""

from __future__ import annotations

from collections import deque

from indexer.eye import SECOND, Progress

LOOKS = 5
"""How many looks, a second apart, are judged together."""
QUIET = 3 * SECOND
"""Without a frame, after which a connected source has caught up."""
SURE = 60 * SECOND
"""The same where a peer that died must be excluded: longer than a ping and its answer may take."""


class Pace:
    """One stream's; times are microseconds."""

    def __init__(self) -> None:
        self._times: deque[int] = deque(maxlen=LOOKS)
        self._reached: deque[int] = deque(maxlen=LOOKS)
        self._heard_at: int | None = None

    def restart(self) -> None:
        """The stream is read from elsewhere: what was said of it is void."""
        self._times.clear()
        self._reached.clear()
        self._heard_at = None

    def look(self, now: int, time: int | None, *, reading: bool) -> Progress | None:
        """What the newest frame since the last look says, ``time`` None where none came.

        ``reading``: the source is connected and we listen. Returns how far it has got, None
        where that is not known.
        """
        if not reading:
            self._times.clear()
            self._heard_at = None
            return None
        if time is not None:
            self._times.append(min(time, now))
        if time is not None or self._heard_at is None:
            self._heard_at = now
        quiet = now - self._heard_at
        if quiet >= QUIET:
            self._reached.append(now)
        elif self._times:
            self._reached.append(self._times[-1])
        if quiet >= SURE:
            return Progress(now, now)
        if len(self._times) < LOOKS:
            return None
        return Progress(min(self._times), max(self._times))

    def lag(self, now: int) -> int:
        """How long ago what came last was made, 0 once caught up; it grows while not connected."""
        return max(0, now - max(self._reached)) if self._reached else 0
