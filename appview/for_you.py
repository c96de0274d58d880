"""Tracks for one account, as a pure function of what was engaged with, and the time.

Who liked a track, or put it on a playlist, engaged with it. Those who engaged with the same tracks
as the account, before it did or within a day after, are its companions; what else they engaged with
is ranked by

    sum over companions (1 / all their engagements) x paths^0.5 x 0.5^(age / 48 h) / popularity^0.3

where a path leads from a track of the account over a companion to the candidate: few tracks in
common with one who likes everything count for little, and what everybody knows is held back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log

MAX_COMPANIONS = 1_000
PER_ARTIST = 2
"""Tracks of one artist among those for an account."""

HALF_LIFE = 48 * 3_600 * 1_000_000
"""µs in which a track loses half of its score."""

PATHS = 0.5
POPULARITY = 0.3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track: whose, from when (µs), and how many likes and lists it has."""

    artist: int
    sort_at: int
    popularity: int


def companions(shared: Iterable[tuple[int, int]]) -> dict[int, int]:
    """With how many of the account's tracks each engaged, from pairs of track and account.

    Of too many, those with most in common.
    """
    common = Counter(account for _, account in set(shared))
    closest = sorted(common.items(), key=lambda one: (-one[1], one[0]))
    return dict(closest[:MAX_COMPANIONS])


def ranked(
    common: Mapping[int, int],
    totals: Mapping[int, int],
    engaged: Iterable[tuple[int, int]],
    candidates: Mapping[int, Candidate],
    now: int,
) -> list[int]:
    """The candidates, best first.

    ``common`` is of `companions`, ``totals`` are all of a companion's engagements, ``engaged`` are
    pairs of companion and track.
    """
    weights: defaultdict[int, float] = defaultdict(float)
    paths: Counter[int] = Counter()
    for companion, track in sorted(set(engaged)):
        if track in candidates and companion in common:
            weights[track] += 1 / max(1, totals.get(companion, 1))
            paths[track] += common[companion]
    scores = {
        track: _score(weight, paths[track], candidates[track], now)
        for track, weight in weights.items()
    }
    return sorted(scores, key=lambda track: (-scores[track], -track))


def _score(weight: float, paths: int, track: Candidate, now: int) -> float:
    """The logarithm of the score, as the score of an old track is too small for a number."""
    age = max(0, now - track.sort_at)
    return (
        log(weight)
        + PATHS * log(paths)
        - log(2) * age / HALF_LIFE
        - POPULARITY * log(max(1, track.popularity))
    )


def varied(tracks: Sequence[int], artists: Mapping[int, int], limit: int) -> tuple[int, ...]:
    """The first ``limit`` of these tracks in which no artist comes more often than is allowed."""
    heard: Counter[int] = Counter()
    chosen = []
    for track in tracks:
        heard[artists[track]] += 1
        if heard[artists[track]] <= PER_ARTIST:
            chosen.append(track)
    return tuple(chosen[:limit])
