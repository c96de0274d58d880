"""Streams as a detector sees them: commits of ours in stream order, and sources that pass them on.

Time goes in whole seconds. A source reads its stream at a pace of its own, and tells the detector
what it delivers and how far it has got.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from atp.syntax import Did
from atp.tid import Tid
from indexer.blind import Detector
from indexer.eye import SECOND, Commit, Eye, Progress, Sight

START = 1_750_000_000
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def micros(second: int) -> int:
    """Microseconds since the epoch, of a second of the test."""
    return (START + second) * SECOND


def commit(second: int, account: int = 0, host: str | None = "https://pds.test") -> Commit:
    """The commit that an account made at a second."""
    did = Did.parse("did:plc:" + "account" + LETTERS[account] * 17)
    return Commit(did, Tid.from_micros(micros(second), account), host)


@dataclass
class Stream:
    """A source; ``loses`` says of a place in the stream whether it leaves it out."""

    url: str
    eye: Eye = field(init=False)
    loses: Callable[[int], bool] = lambda _place: False
    place: int = 0
    reached: int = 0

    def __post_init__(self) -> None:
        self.eye = Eye(self.url, Sight())


@dataclass
class Network:
    """Sources of the same stream; ``made`` are its commits, each at its second, in order."""

    made: Sequence[tuple[int, Commit]]
    streams: Sequence[Stream]
    detector: Detector = field(init=False)
    now: int = 0

    def __post_init__(self) -> None:
        self.detector = Detector({stream.url: stream.eye for stream in self.streams})

    def step(self, seconds: int, reach: Sequence[int | None]) -> None:
        """Let time pass; each source gets so far in its stream, or is down (None)."""
        self.now += seconds
        for stream, reached in zip(self.streams, reach, strict=True):
            if reached is None:
                stream.eye.progress = None
                continue
            stream.reached = max(stream.reached, min(reached, self.now))
            self._read(stream)
            at = micros(stream.reached)
            stream.eye.progress = Progress(at, at)
        self.detector.look()

    def _read(self, stream: Stream) -> None:
        while stream.place < len(self.made) and self.made[stream.place][0] <= stream.reached:
            if not stream.loses(stream.place):
                made = self.made[stream.place][1]
                self.detector.deliver(stream.url, stream.place + 1, made, micros(self.now))
            stream.place += 1

    def live(self, seconds: int) -> None:
        """Let time pass second by second; all sources keep up."""
        for _ in range(seconds):
            self.step(1, [self.now + 1] * len(self.streams))


def is_blind(stream: Stream) -> bool:
    """Whether a source is blind."""
    return stream.eye.sight.blind_since is not None
