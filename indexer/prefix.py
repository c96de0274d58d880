"""The finished prefix of a source's stream: the only position that may be stored (law 6).

Items are verified in any order across DIDs, so the newest finished one says nothing of those
before it. The position is just before the oldest item that is not finished, or the newest frame
seen when all are.
"""

from __future__ import annotations

from collections import deque

NOTHING = -1


class Prefix:
    """Sequence numbers begun and finished, in stream order.

    ``seen`` is the newest one, `NOTHING` before the first frame of a live start. Frames that are
    not ours only move ``seen``.
    """

    __slots__ = ("_finished", "_open", "seen")

    def __init__(self, position: int | None) -> None:
        self.seen = NOTHING if position is None else position
        self._open: deque[int] = deque()
        self._finished: set[int] = set()

    def __len__(self) -> int:
        """How many items are begun and not yet part of the finished prefix."""
        return len(self._open)

    @property
    def position(self) -> int | None:
        """The end of the finished prefix; None before the first frame of a live start."""
        if self._open:
            return self._open[0] - 1
        return None if self.seen == NOTHING else self.seen

    def begin(self, seq: int) -> None:
        """See a frame of ours, whose work starts now."""
        self.seen = seq
        self._open.append(seq)

    def finish(self, seq: int) -> None:
        """The work on a frame has ended and is about to be stored."""
        self._finished.add(seq)
        while self._open and self._open[0] in self._finished:
            self._finished.remove(self._open.popleft())
