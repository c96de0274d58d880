"""What a station plays, as a pure function of its candidates and the time.

Time is cut into windows. For each window a station chooses a rotation out of what was there when it
began, and plays it over and over, at the place that the time since the epoch has in a loop of that
length. So every listener hears the same, whichever process answers, and nothing has to be kept.

Choosing is by lot, and the lots follow from station, window and track. A track's chances fall with
its rank by the station's `decay`; a part of the places, its `exploration`, is drawn from all
candidates alike. An artist has at most 20 minutes, or one track, and between two tracks of one
artist come at least three others, where the loop begins again too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate
from math import log

SECOND = 1_000_000
MAX_TRACKS = 75
MAX_SECONDS = 4 * 3_600
"""Playing time of a rotation; a longer track is on no station."""

ARTIST_SECONDS = 20 * 60
SPACING = 3
"""Tracks between two of one artist."""

UP_NEXT = 10


@dataclass(frozen=True, slots=True)
class Station:
    """``window`` is in µs; one without ``decay`` plays its candidates in their order."""

    name: str
    window: int
    decay: float | None
    exploration: float

    def since(self, now: int) -> int:
        """When the window began in which ``now`` is, µs."""
        return now - now % self.window


_WINDOW = 4 * 3_600 * SECOND
STATIONS = {
    station.name: station
    for station in (
        Station("loved", _WINDOW, decay=12, exploration=0.25),
        Station("fresh", _WINDOW, decay=12, exploration=0),
        Station("deep-cuts", _WINDOW, decay=48, exploration=0.25),
        Station("firehose", _WINDOW // 16, decay=None, exploration=0),
    )
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A track that can be played: whose it is, and for how long it plays."""

    track: int
    artist: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Playing:
    """Which place of the rotation is played, and since when, in µs of its track."""

    place: int
    position: int


def rotation(station: Station, candidates: Sequence[Slot], since: int) -> tuple[Slot, ...]:
    """What the station plays in the window that began at ``since``; the best candidate first."""
    fitting = [slot for slot in candidates if 0 < slot.seconds <= MAX_SECONDS]
    decay = station.decay
    if decay is None:
        return _in_order(fitting)
    lots = [_lot(station, since, slot.track) for slot in fitting]
    # A weighted draw without replacement: the least of -log(lot) / weight comes first.
    by_rank = sorted(range(len(fitting)), key=lambda rank: log(-log(lots[rank])) + rank / decay)
    by_lot = sorted(range(len(fitting)), key=lambda rank: lots[rank])
    return _seamless(_spaced(station, since, fitting, by_rank, by_lot))


def playing(slots: Sequence[Slot], now: int) -> Playing:
    """What is played at ``now`` of a rotation, which has at least one track."""
    ends = list(accumulate(slot.seconds * SECOND for slot in slots))
    position = now % ends[-1]
    place = bisect_right(ends, position)
    return Playing(place, position - (ends[place] - slots[place].seconds * SECOND))


def up_next(slots: Sequence[Slot], place: int) -> tuple[Slot, ...]:
    """What follows on a place of a rotation, each track at most once."""
    following = (*slots[place + 1 :], *slots[:place])
    return following[:UP_NEXT]


def _in_order(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """As many as fit, in their order."""
    ends = accumulate(slot.seconds for slot in slots)
    return tuple(
        slot for slot, end in zip(slots[:MAX_TRACKS], ends, strict=False) if end <= MAX_SECONDS
    )


def _spaced(
    station: Station,
    since: int,
    slots: Sequence[Slot],
    by_rank: Sequence[int],
    by_lot: Sequence[int],
) -> list[Slot]:
    """Fill place after place with the first that is drawn and may stand there."""
    chosen: list[Slot] = []
    left = set(range(len(slots)))
    heard: Counter[int] = Counter()
    seconds = 0
    while len(chosen) < MAX_TRACKS:
        explores = _lot(station, since, -len(chosen)) < station.exploration
        just_heard = {slot.artist for slot in chosen[-SPACING:]}
        for rank in by_lot if explores else by_rank:
            slot = slots[rank]
            had = heard[slot.artist]
            if (
                rank in left
                and slot.artist not in just_heard
                and seconds + slot.seconds <= MAX_SECONDS
                and (not had or had + slot.seconds <= ARTIST_SECONDS)
            ):
                break
        else:
            break
        left.remove(rank)
        chosen.append(slot)
        heard[slot.artist] += slot.seconds
        seconds += slot.seconds
    return chosen


def _seamless(chosen: list[Slot]) -> tuple[Slot, ...]:
    """The longest beginning that keeps its distances when its end meets its beginning."""
    artists = [slot.artist for slot in chosen]
    size = len(artists)
    while size > 1 and any(
        artists[end] == artists[start]
        for end in range(max(0, size - SPACING), size)
        for start in range(min(end, end + SPACING + 1 - size))
    ):
        size -= 1
    return tuple(chosen[:size])


def _lot(station: Station, since: int, number: int) -> float:
    """A number between 0 and 1, both exclusive: drawn for a track, or for a place below 1."""
    drawn = sha256(f"{station.name} {since} {number}".encode()).digest()
    return (int.from_bytes(drawn[:6]) + 0.5) / 2**48
