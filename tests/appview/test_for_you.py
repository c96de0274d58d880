"""The ranking for one account against the formula, written down path by path."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from appview.for_you import (
    HALF_LIFE,
    MAX_COMPANIONS,
    PER_ARTIST,
    Candidate,
    companions,
    ranked,
    varied,
)

DAY = 24 * 3_600 * 1_000_000
NOW = 1_000 * DAY
keys = st.integers(1, 12)
pairs = st.sets(st.tuples(keys, keys), max_size=40)
candidates = st.dictionaries(
    keys,
    st.builds(Candidate, keys, st.integers(NOW - 20 * DAY, NOW + DAY), st.integers(0, 50)),
    max_size=12,
)


def slowly(
    shared: set[tuple[int, int]],
    totals: dict[int, int],
    engaged: set[tuple[int, int]],
    tracks: dict[int, Candidate],
) -> dict[int, float]:
    """Every score as the formula has it, with floating point numbers that may underflow."""
    scores = {}
    for key, track in tracks.items():
        paths = [
            (seed, companion)
            for (seed, companion), (other, found) in product(shared, engaged)
            if companion == other and found == key
        ]
        if paths:
            weight = sum(1 / totals[companion] for companion in {one for _, one in paths})
            age = max(0, NOW - track.sort_at) / HALF_LIFE
            scores[key] = weight * len(paths) ** 0.5 * 0.5**age / max(1, track.popularity) ** 0.3
    return scores


@given(pairs, pairs, st.dictionaries(keys, st.integers(1, 99), min_size=12), candidates)
def test_it_is_the_formula(
    shared: set[tuple[int, int]],
    engaged: set[tuple[int, int]],
    totals: dict[int, int],
    tracks: dict[int, Candidate],
) -> None:
    """The order is that of the scores, equal scores aside; what no path leads to is left out."""
    totals = {key: totals.get(key, 1) for key in range(1, 13)}
    scores = slowly(shared, totals, engaged, tracks)
    found = ranked(companions(shared), totals, engaged, tracks, NOW)
    assert sorted(found) == sorted(scores)
    for one, other in pairwise(found):
        assert scores[one] >= scores[other] * (1 - 1e-9)


def test_old_tracks_have_an_order_too() -> None:
    """A score that is no number any more still says which is better."""
    old, older = Candidate(1, 0, 1), Candidate(2, -DAY, 1)
    found = ranked({7: 1}, {7: 1}, [(7, 1), (7, 2)], {1: older, 2: old}, 10_000 * DAY)
    assert found == [2, 1]


def test_the_closest_companions() -> None:
    """Of too many those with most in common."""
    strangers = [(1, account) for account in range(MAX_COMPANIONS + 10)]
    found = companions([*strangers, (2, 1_009), (2, 1_005), (2, 1_005)])
    assert len(found) == MAX_COMPANIONS
    assert (found[1_009], found[1_005]) == (2, 2)
    assert 998 not in found


@given(st.lists(st.integers(0, 30), unique=True), st.integers(0, 40))
def test_no_artist_too_often(tracks: list[int], limit: int) -> None:
    """The order stays, and everything that is left out has enough of its artist before it."""
    artists = {track: track % 5 for track in tracks}
    found = varied(tracks, artists, len(tracks))
    assert list(found) == [track for track in tracks if track in found]
    assert all(count <= PER_ARTIST for count in Counter(artists[one] for one in found).values())
    for track in set(tracks) - set(found):
        before = tracks[: tracks.index(track)]
        assert sum(artists[one] == artists[track] for one in before) >= PER_ARTIST
    assert varied(tracks, artists, limit) == found[:limit]
