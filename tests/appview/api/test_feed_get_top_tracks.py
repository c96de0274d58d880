"""``feed.getTopTracks``."""

from __future__ import annotations

from collections import defaultdict

from appview.aside import FRESH
from appview.ranking import LIFETIME
from atp.syntax import AtUri, Datetime, Did
from tests.appview.client import Client
from tests.appview.index import START, Index
from tests.appview.paging import check_paging

DAY = 24 * 3_600 * 1_000_000
NAME = "feed.getTopTracks"


def uris(client: Client, **params: object) -> list[str]:
    """The tracks of an answer."""
    return [track["uri"] for track in client.get(NAME, **params)["tracks"]]


def at(days: float) -> dict[str, str]:
    """A record from some days before the start."""
    return {"createdAt": Datetime.from_micros(START - int(days * DAY))}


def test_each_period_counts_its_own_likes(index: Index, client: Client) -> None:
    """By distinct active accounts within the period; the newer of equals first; shown is all."""
    artist, hidden = index.actor("artist"), index.actor("hidden")
    fans = [index.actor(f"fan{number}") for number in range(4)]
    old, new, never = index.track(artist, "old"), index.track(artist, "né 🎵"), index.track(artist)
    likes: dict[AtUri, dict[str, set[Did]]] = defaultdict(lambda: defaultdict(set))
    periods = {"day": 1, "week": 7, "month": 30, "all": 9_999}
    given = [
        (fans[0], old, 40), (fans[1], old, 20), (fans[2], old, 5), (fans[2], old, 0.5),
        (fans[3], new, 0.1), (fans[0], new, 0.2), (fans[1], new, 3), (hidden, never, 0.1),
    ]  # fmt: skip
    for fan, track, days in given:
        index.like(fan, track, **at(days))
        for period, length in periods.items():
            if days < length and fan != hidden:
                likes[track][period].add(fan)
    index.status(hidden, active=False)
    client.now = START
    for period in periods:
        liked = [track for track in (new, old) if likes[track][period]]
        expected = sorted(liked, key=lambda track: -len(likes[track][period]))
        found = client.get(NAME, period=period)["tracks"]
        assert [track["uri"] for track in found] == expected, period
        assert all(track["likeCount"] == len(likes[track["uri"]]["all"]) for track in found)


def test_hidden_tracks_leave_no_gap(index: Index, client: Client) -> None:
    """What is hidden after the ranking was made is not shown, and pages stay full."""
    artists = [index.actor(f"artist{number}") for number in range(5)]
    tracks = [index.track(artist) for artist in artists]
    fan = index.actor("fan")
    for track in tracks:
        index.like(fan, track)
    first = client.get(NAME, limit=2)
    assert [track["uri"] for track in first["tracks"]] == [tracks[4], tracks[3]]
    index.status(artists[2], active=False)
    assert uris(client, limit=2, cursor=first["cursor"]) == [tracks[1], tracks[0]]
    index.status(artists[4], active=False)
    assert uris(client) == [tracks[3], tracks[1], tracks[0]]


def test_pages(index: Index, client: Client) -> None:
    """Pages hold together although likes change the order between them."""
    artist, fans = index.actor("artist"), [index.actor(f"fan{number}") for number in range(9)]
    tracks = [index.track(artist) for _ in range(7)]
    for number, track in enumerate(tracks):
        for fan in fans[: number % 4 + 1]:
            index.like(fan, track)

    def write() -> None:
        client.now += FRESH
        index.like(index.actor(f"new{index.clock}"), tracks[0])

    for period in ("all", "day"):
        check_paging(client, NAME, "tracks", write, period=period)


def test_an_expired_cursor(index: Index, client: Client) -> None:
    """A ranking can be paged over for a while; then, and of another query, it is refused."""
    artist, fan = index.actor("artist"), index.actor("fan")
    for _ in range(3):
        index.like(fan, index.track(artist))
    cursor = client.get(NAME, limit=1)["cursor"]
    assert client.refused(NAME, limit=1, cursor=cursor, period="week") == "CursorExpired"
    client.now += LIFETIME - 1
    assert len(uris(client, limit=1, cursor=cursor)) == 1
    client.now += 1
    assert client.refused(NAME, limit=1, cursor=cursor) == "CursorExpired"
    assert client.get(NAME, limit=1)["cursor"] == cursor, "the same ranking has the same name"


def test_labelled_tracks(index: Index, client: Client) -> None:
    """Copyright is left out for all, adult content for those who do not ask for it."""
    artist, fan = index.actor("artist"), index.actor("fan")
    plain, adult, copied = (index.track(artist) for _ in range(3))
    for track in (plain, adult, copied):
        index.like(fan, track)
    index.label(adult, "sexual")
    index.label(copied, "copyright-violation")
    assert uris(client) == [plain]
    assert uris(client, includeAdult="true") == [plain]
    client.viewer = fan
    assert uris(client) == [plain]
    found = client.get(NAME, includeAdult="true")["tracks"]
    assert [track["uri"] for track in found] == [adult, plain]
    assert all("like" in track["viewer"] for track in found)
    client.viewer = artist
    assert uris(client) == [adult, plain]


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of fifty takes as many statements as a page of one."""
    fan = index.actor("fan")
    for number in range(50):
        index.like(fan, index.track(index.actor(f"artist{number}")))
    fifty = client.statements(NAME, limit=50)
    assert len(fifty) == len(client.statements(NAME, limit=1)) <= 8


def test_bad_parameters_and_nothing(client: Client) -> None:
    """What the lexicon does not allow is refused; nothing is an empty page."""
    for params in ({"period": "year"}, {"limit": 0}, {"limit": 101}, {"cursor": "x"}):
        assert client.refused(NAME, **params) == "InvalidRequest", params
    assert client.refused(NAME, cursor="MTox") == "CursorExpired"
    assert client.get(NAME) == {"tracks": []}
