"""``feed.getForYou``."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from appview.aside import FRESH
from appview.for_you import PER_ARTIST
from atp.syntax import AtUri, Datetime, Did
from tests.appview.client import Client
from tests.appview.index import START, Index
from tests.appview.paging import check_paging

NAME = "feed.getForYou"
DAY = 24 * 3_600 * 1_000_000
Engagement = tuple[Did, AtUri, int]


def uris(client: Client, **params: Any) -> list[str]:
    """The tracks of an answer."""
    return [track["uri"] for track in client.get(NAME, **params)["tracks"]]


def test_what_those_of_like_taste_like(index: Index, client: Client) -> None:
    """Ranked by companions, without own tracks, those known already, and of strangers."""
    me, friend, stranger = index.actor("me"), index.actor("friend"), index.actor("stranger")
    artists = [index.actor(f"artist{number}") for number in range(4)]
    seed, listed, wanted, elsewhere = (index.track(artist) for artist in artists)
    known, mine = index.track(artists[0]), index.track(me)
    index.like(friend, seed)
    index.like(me, seed)
    index.like(me, known)
    index.list_(friend, [listed], listType="playlist")
    for track in (wanted, known, mine):
        index.like(friend, track)
    index.like(stranger, elsewhere)
    client.now = index.clock
    assert uris(client, actor=me) == [wanted, listed]
    client.viewer = me
    assert uris(client) == [wanted, listed]
    assert uris(client, actor="friend.test") == [elsewhere], "nothing is left but what all like"


def test_a_playlist_is_an_engagement_and_an_album_is_not(index: Index, client: Client) -> None:
    """Putting a track on a playlist leads as far as liking it."""
    me, friend, label = index.actor("me"), index.actor("friend"), index.actor("label")
    artist = index.actor("artist")
    seed, wanted, other = (index.track(artist) for _ in range(3))
    index.list_(friend, [seed], listType="playlist")
    index.list_(label, [seed, other], listType="album")
    index.list_(me, [seed], listType="playlist")
    index.like(friend, wanted)
    client.now = index.clock
    assert uris(client, actor=me) == [wanted]


def test_who_came_after_does_not_count(index: Index, client: Client) -> None:
    """More than a day after the account is too late."""
    me, late, soon = index.actor("me"), index.actor("late"), index.actor("soon")
    artist = index.actor("artist")
    seed, by_late, by_soon = (index.track(artist, createdAt="2025-06-01T00:00:00Z") for _ in "abc")
    index.like(me, seed, createdAt="2025-10-01T00:00:00Z")
    index.like(soon, seed, createdAt="2025-10-02T00:00:00Z")
    index.like(late, seed, createdAt="2025-10-02T00:00:01Z")
    index.like(soon, by_soon)
    index.like(late, by_late)
    client.now = index.clock
    assert uris(client, actor=me) == [by_soon]


def test_a_cold_start(index: Index, client: Client) -> None:
    """Without anything in common, what most engaged with in the last 30 days; two an artist."""
    me, artist, hidden = index.actor("me"), index.actor("artist"), index.actor("hidden")
    fans = [index.actor(f"fan{number}") for number in range(3)]
    tracks = [index.track(artist) for _ in range(3)]
    old, gone, own = index.track(index.actor("other")), index.track(hidden), index.track(me)
    for number, track in enumerate(tracks):
        for fan in fans[: number + 1]:
            index.like(fan, track)
    index.like(artist, tracks[0])
    index.like(fans[0], old, createdAt=Datetime.from_micros(START - 31 * DAY))
    index.like(fans[0], gone)
    index.like(fans[1], own)
    index.status(hidden, active=False)
    client.now = index.clock
    assert uris(client, actor=me) == [tracks[2], tracks[1]]
    client.viewer = index.actor("nothing")
    assert uris(client) == [tracks[2], tracks[1], own]
    client.viewer = type(me)("did:web:unknown.test")
    assert uris(client) == [tracks[2], tracks[1], own]


def test_labelled_tracks(index: Index, client: Client) -> None:
    """Adult content is for proven accounts that ask, copyright for nobody."""
    me, friend, artist = index.actor("me"), index.actor("friend"), index.actor("artist")
    seed, adult = index.track(artist), index.track(artist)
    copied = index.track(index.actor("copier"))
    for track in (seed, adult, copied):
        index.like(friend, track)
    index.like(me, seed)
    index.label(adult, "porn")
    index.label(copied, "copyright-violation")
    client.now = index.clock
    assert uris(client, actor=me, includeAdult="true") == []
    client.viewer = me
    assert uris(client) == []
    assert uris(client, includeAdult="true") == [adult]


def test_pages(index: Index, client: Client) -> None:
    """Pages hold together although the ranking is another every time."""
    me, friend = index.actor("me"), index.actor("friend")
    seed = index.track(index.actor("seed"))
    for who in (friend, me):
        index.like(who, seed)
    for number in range(7):
        index.like(friend, index.track(index.actor(f"artist{number}")))
    client.now = index.clock

    def write() -> None:
        client.now += FRESH
        index.like(friend, index.track(index.actor(f"new{index.clock}")))

    check_paging(client, NAME, "tracks", write, actor=me)


def test_for_whom(index: Index, client: Client) -> None:
    """Nobody has no taste, and who is hidden none that is told."""
    me = index.actor("me")
    index.track(me)
    answer = client.call(NAME)
    assert answer.status == 401
    assert b"AuthMissing" in answer.body
    assert client.refused(NAME, actor="did:web:nobody.test") == "ActorNotFound"
    index.status(me, active=False)
    assert client.refused(NAME, actor=me) == "ActorNotFound"
    client.viewer = me
    assert client.get(NAME) == {"tracks": []}
    assert client.refused(NAME, cursor="x") == "InvalidRequest"
    assert client.refused(NAME, cursor="MTox") == "CursorExpired"


def test_statements_do_not_grow(index: Index, client: Client) -> None:
    """A page of twenty takes as many statements as a page of one."""
    me, friend = index.actor("me"), index.actor("friend")
    seed = index.track(index.actor("seed"))
    for who in (friend, me):
        index.like(who, seed)
    for number in range(20):
        index.like(friend, index.track(index.actor(f"artist{number}")))
    client.now = index.clock
    many = client.statements(NAME, actor=me, limit=20)
    assert len(many) == len(client.statements(NAME, actor=me, limit=1)) <= 10


@pytest.mark.parametrize("seed", range(6))
def test_it_is_what_a_slow_count_gives(index: Index, client: Client, seed: int) -> None:
    """Over a small network of likes and playlists, worked out from every pair of engagements."""
    draw = Random(seed)
    fans = [index.actor(f"fan{number}") for number in range(6)]
    artists = [index.actor(f"artist{number}") for number in range(6)]
    born: dict[AtUri, int] = {}
    for artist in artists * 3:
        born[index.track(artist)] = index.clock
    tracks, likes, lists = list(born), set[Engagement](), set[Engagement]()
    for fan, track in draw.sample([(fan, track) for fan in fans for track in tracks], 24):
        index.like(
            fan, track, createdAt=Datetime.from_micros(at := START - draw.randrange(5) * DAY)
        )
        likes.add((fan, track, at))
    for fan in draw.sample(fans, 2):
        for_list = draw.sample(tracks, 3)
        index.list_(fan, for_list, listType="playlist")
        lists.update((fan, track, index.clock) for track in for_list)
    client.now = index.clock
    for me in fans:
        scores = slowly(me, likes, lists, born, client.now)
        expected: list[float] = []
        heard: Counter[object] = Counter()
        for track in sorted(scores, key=lambda track: -scores[track]):
            heard[track.authority] += 1
            expected += [scores[track]] * (heard[track.authority] <= PER_ARTIST)
        found = [scores[AtUri(uri)] for uri in uris(client, actor=me)] if scores else []
        assert found == pytest.approx(expected)


def slowly(
    me: Did,
    likes: set[Engagement],
    lists: set[Engagement],
    born: dict[AtUri, int],
    now: int,
) -> dict[AtUri, float]:
    """Every score as the formula has it."""
    first: dict[tuple[Did, AtUri], int] = {}
    for fan, track, at in likes | lists:
        first[fan, track] = min(at, first.get((fan, track), at))
    total = Counter(fan for fan, _, _ in [*likes, *lists])
    known = Counter(track for _, track, _ in [*likes, *lists])
    scores = {}
    for track, at in born.items():
        paths = [
            fan
            for fan, seed in first
            if fan != me
            and (fan, track) in first
            and (me, seed) in first
            and any(
                when <= first[me, seed] + DAY
                for one, other, when in likes | lists
                if (one, other) == (fan, seed)
            )
        ]
        if paths and (me, track) not in first:
            weight = sum(1 / total[fan] for fan in set(paths))
            age = 0.5 ** ((now - at) / (2 * DAY))
            scores[track] = weight * len(paths) ** 0.5 * age / known[track] ** 0.3
    return scores
