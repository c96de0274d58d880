"""The rotation: the same for everybody, spaced, bounded, and drawn by rank."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appview.radio import (
    ARTIST_SECONDS,
    MAX_SECONDS,
    MAX_TRACKS,
    SECOND,
    SPACING,
    STATIONS,
    UP_NEXT,
    Playing,
    Slot,
    Station,
    playing,
    rotation,
    up_next,
)

HOUR = 3_600 * SECOND
slots = st.lists(
    st.builds(Slot, st.integers(0, 10**9), st.integers(0, 12), st.integers(0, 5 * 3_600)),
    max_size=120,
    unique_by=lambda slot: slot.track,
)
stations = st.sampled_from(sorted(STATIONS)).map(STATIONS.__getitem__)
windows = st.integers(0, 10**6).map(lambda number: number * 4 * HOUR)


@given(stations, slots, windows)
def test_its_rules(station: Station, candidates: list[Slot], since: int) -> None:
    """A rotation is some of the candidates, each once, within its bounds, artists apart."""
    chosen = rotation(station, candidates, since)
    assert len(set(chosen)) == len(chosen) <= MAX_TRACKS
    assert set(chosen) <= set(candidates)
    assert sum(slot.seconds for slot in chosen) <= MAX_SECONDS
    assert all(slot.seconds > 0 for slot in chosen)
    assert bool(chosen) == any(0 < slot.seconds <= MAX_SECONDS for slot in candidates)
    if station.decay is None:
        return
    for place, slot in enumerate(chosen):
        following = {(place + distance) % len(chosen) for distance in range(1, SPACING + 1)}
        assert slot.artist not in {chosen[other].artist for other in following - {place}}
    played: Counter[int] = Counter()
    for slot in chosen:
        played[slot.artist] += slot.seconds
    tracks = Counter(slot.artist for slot in chosen)
    assert all(played[artist] <= ARTIST_SECONDS or tracks[artist] == 1 for artist in played)


@given(stations, slots, windows, st.integers(0, 16 * HOUR))
def test_it_follows_from_index_and_time(
    station: Station, candidates: list[Slot], since: int, later: int
) -> None:
    """Whoever works it out, at whatever moment of the window, gets the same."""
    moment = since + later % station.window
    assert station.since(moment) == since
    assert rotation(station, tuple(candidates), station.since(moment)) == rotation(
        station, candidates, since
    )


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 10**4))
def test_every_listener_hears_the_same(lengths: list[int], seconds: int) -> None:
    """What is played is what one gets to who plays the loop from the epoch on, second by second."""
    loop = [Slot(track, track, length) for track, length in enumerate(lengths)]
    schedule = [(place, at) for place, slot in enumerate(loop) for at in range(slot.seconds)]
    place, at = schedule[seconds % len(schedule)]
    assert playing(loop, seconds * SECOND + 7) == Playing(place, at * SECOND + 7)
    following = up_next(loop, place)
    assert len(following) == min(UP_NEXT, len(loop) - 1)
    assert [slot.track for slot in following] == [
        (place + step) % len(loop) for step in range(1, len(following) + 1)
    ]


def spread(number: int) -> list[Slot]:
    """Three-minute tracks, each of another artist, the best first."""
    return [Slot(track, track, 180) for track in range(number)]


@pytest.mark.parametrize(("name", "share"), [("loved", 0.55), ("fresh", 0.8), ("deep-cuts", 0.15)])
def test_what_is_better_comes_sooner_and_more_often(name: str, share: float) -> None:
    """The first places go mostly to the first ranks; the slower the decay, the less so."""
    station = STATIONS[name]
    chosen = [
        slot.track
        for window in range(100)
        for slot in rotation(station, spread(500), window * station.window)[:10]
    ]
    first = sum(track < 24 for track in chosen) / len(chosen)
    assert first > share
    assert first < share + 0.3
    assert len(set(chosen)) > 24
    assert (max(chosen) > 250) == (station.exploration > 0 or station.decay == 48)


def test_windows_differ_and_the_firehose_keeps_order() -> None:
    """A station chooses anew in each window; the firehose never chooses."""
    loved, firehose = STATIONS["loved"], STATIONS["firehose"]
    some = {rotation(loved, spread(200), window * loved.window) for window in range(20)}
    assert len(some) == 20
    assert rotation(firehose, spread(200), 0) == tuple(spread(200)[:MAX_TRACKS])


def test_a_lone_artist_is_one_track() -> None:
    """Nothing may stand beside it, so it is played over and over, however long it is."""
    lone = [Slot(1, 1, 3_000), Slot(2, 1, 60)]
    assert len(rotation(STATIONS["loved"], lone, 0)) == 1
