"""``feed.getRadio``."""

from __future__ import annotations

from typing import Any

import pytest

from appview.aside import FRESH
from appview.radio import STATIONS
from atp.syntax import AtUri, Datetime
from tests.appview.client import Client
from tests.appview.index import START, Index

NAME = "feed.getRadio"
DAY = 24 * 3_600 * 1_000_000
SECOND = 1_000_000


def fill(index: Index, days: int, number: int = 6) -> list[AtUri]:
    """Three-minute tracks of as many artists, from some days before the start."""
    when = {"createdAt": Datetime.from_micros(START - days * DAY)}
    artists = [index.actor(f"artist{one}") for one in range(number)]
    return [index.track(artist, f"♪ {artist}", duration=180, **when) for artist in artists]


def test_everybody_hears_the_same(index: Index, client: Client) -> None:
    """What is played moves with the time, whoever asks; the rotation stays for its window."""
    tracks, fan = fill(index, 2), index.actor("fan")
    for track in tracks:
        index.like(fan, track, createdAt=Datetime.from_micros(START - DAY))
    client.now = START
    first = client.get(NAME)
    rotation = first["rotation"]
    assert sorted(rotation["tracks"]) == sorted(tracks)
    assert rotation["durationMs"] == 6 * 180_000
    assert rotation["since"] <= Datetime.from_micros(START) < rotation["until"]
    assert len(first["upNext"]) == 5
    place = rotation["tracks"].index(first["current"]["uri"])
    assert first["upNext"][0]["uri"] == rotation["tracks"][(place + 1) % 6]
    assert "viewer" not in first["current"]
    begun = Datetime(first["progress"]["startedAt"]).micros()
    assert begun == START - first["progress"]["positionMs"] * 1_000
    client.viewer = fan
    client.now = begun + 180 * SECOND + 5_000
    then = client.get(NAME)
    assert then["rotation"] == rotation
    assert then["current"]["uri"] == first["upNext"][0]["uri"]
    assert then["progress"]["positionMs"] == 5
    assert "like" in then["current"]["viewer"]


@pytest.mark.parametrize("name", sorted(STATIONS))
def test_what_comes_later_waits_for_the_next_window(
    index: Index, client: Client, name: str
) -> None:
    """New tracks and new likes change nothing of what is played."""
    tracks, fan, other = fill(index, 60), index.actor("fan"), index.actor("other")
    for track in tracks[:3]:
        index.like(fan, track, createdAt=Datetime.from_micros(START - DAY))
    client.now = START + 60 * SECOND
    before = client.get(NAME, station=name)
    assert set(before["rotation"]["tracks"]) <= set(tracks)
    assert len(before["rotation"]["tracks"]) == (3 if name == "loved" else 6)
    fill(index, -1, 9)
    for track in tracks:
        index.like(other, track)
        index.like(fan, track)
    client.now += FRESH
    after = client.get(NAME, station=name)
    assert after["rotation"] == before["rotation"]
    client.now += STATIONS[name].window
    assert client.get(NAME, station=name)["rotation"] != before["rotation"]


def test_stations_play_what_is_theirs(index: Index, client: Client) -> None:
    """What is loved has likes, deep cuts are old with few of them, the firehose is newest first."""
    old, new = fill(index, 60, 3), fill(index, 1, 3)
    silent = index.track(index.actor("silent"), createdAt="2025-01-01T00:00:00Z")
    fans = [index.actor(f"fan{number}") for number in range(3)]
    for fan in fans:
        index.like(fan, old[0], createdAt=Datetime.from_micros(START - DAY))
    client.now = START + DAY

    def rotation(name: str) -> list[Any]:
        found: list[Any] = client.get(NAME, station=name)["rotation"]["tracks"]
        return found

    assert rotation("loved") == [old[0]]
    assert sorted(rotation("deep-cuts")) == sorted(old[1:])
    assert rotation("firehose") == [*reversed(new), *reversed(old)]
    assert silent not in rotation("fresh"), "nobody knows how long it plays"


def test_what_may_not_be_played(index: Index, client: Client) -> None:
    """Labelled for adults or copyright, for everybody; what is hidden meanwhile at once."""
    tracks = fill(index, 1)
    index.label(tracks[0], "sexual")
    index.label(tracks[1], "copyright-violation")
    client.viewer = index.actor("artist0")
    client.now = START + DAY
    assert sorted(client.get(NAME, station="fresh")["rotation"]["tracks"]) == sorted(tracks[2:])
    for number in range(2, 6):
        index.status(index.actor(f"artist{number}"), active=False)
    found = client.get(NAME, station="fresh")
    assert "current" not in found
    assert found["rotation"]["tracks"] == found["upNext"] == []


def test_silence(client: Client) -> None:
    """A station with nothing to play says so; one that there is not is refused."""
    found = client.get(NAME)
    assert "current" not in found
    assert found["rotation"]["tracks"] == []
    assert client.refused(NAME, station="slop") == "InvalidRequest"
