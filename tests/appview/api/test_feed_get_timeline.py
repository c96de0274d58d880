"""``feed.getTimeline``."""

from __future__ import annotations

import orjson

from atp.syntax import Did
from tests.appview.client import Client
from tests.appview.index import Index
from tests.appview.paging import check_paging


def uris(client: Client, **params: object) -> list[str]:
    """The tracks of a page."""
    return [track["uri"] for track in client.get("feed.getTimeline", **params)["tracks"]]


def test_nobody_has_a_timeline(client: Client) -> None:
    """An anonymous call is refused by name, and told how to be known."""
    answer = client.call("feed.getTimeline")
    assert (answer.status, orjson.loads(answer.body)["error"]) == (401, "AuthMissing")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_tracks_of_the_accounts_that_the_caller_follows(index: Index, client: Client) -> None:
    """Newest first; not the caller's own, not others', nobody's twice; with the caller's state."""
    alice, bob, carol, fan = (index.actor(name) for name in ("alice", "bob", "carol", "fan"))
    first, second = index.track(alice), index.track(bob, "Ünïcödé 音楽 🎵")
    index.track(carol)
    index.track(fan)
    third = index.track(alice)
    like = index.like(fan, second)
    index.follow(fan, alice, bob, alice, Did("did:web:listener.test"))
    index.follow(carol, fan)
    client.viewer = fan
    answer = client.get("feed.getTimeline")
    assert [track["uri"] for track in answer["tracks"]] == [third, second, first]
    assert answer["tracks"][1]["viewer"] == {"like": like}
    assert answer["tracks"][1]["record"]["title"] == "Ünïcödé 音楽 🎵"
    assert "partial" not in answer


def test_pages(index: Index, client: Client) -> None:
    """Pages hold together with ties in time and with tracks added between them."""
    fan, *artists = (index.actor(name) for name in ("fan", "alice", "bob", "carol", "dave"))
    for number in range(9):
        time = f"2020-01-0{1 + number // 4}T00:00:00Z"
        index.track(artists[number % 4], createdAt=time)
    index.follow(fan, *artists[:3])
    client.viewer = fan

    def write() -> None:
        index.track(artists[0])
        index.track(artists[1], createdAt="2020-01-02T00:00:00Z")
        index.track(artists[3], createdAt="2020-01-02T00:00:00Z")

    whole = check_paging(client, "feed.getTimeline", "tracks", write)
    assert {track["author"]["did"] for track in whole} == set(artists[:3])


def test_what_is_not_known_yet_is_partial(index: Index, client: Client) -> None:
    """A caller whose follows are not read, or not to their end, is answered with what is there."""
    alice, fan = index.actor("alice"), index.actor("fan")
    song = index.track(alice)
    client.viewer = fan
    assert client.get("feed.getTimeline") == {"tracks": [], "partial": True}
    index.follow(fan, alice, read=False)
    answer = client.get("feed.getTimeline")
    assert (answer["tracks"][0]["uri"], answer["partial"]) == (song, True)
    index.follow(fan)
    assert "partial" not in client.get("feed.getTimeline")


def test_hidden_accounts_leave_no_gap(index: Index, client: Client) -> None:
    """Pages are full although the newest tracks are hidden; who asks may be hidden too."""
    alice, bob, fan = index.actor("alice"), index.actor("bob"), index.actor("fan")
    shown = [index.track(alice) for _ in range(3)]
    for _ in range(5):
        index.track(bob)
    index.follow(fan, alice, bob)
    index.status(bob, active=False)
    index.status(fan, active=False)
    client.viewer = fan
    pages = client.pages("feed.getTimeline", "tracks", 2)
    assert [[track["uri"] for track in page] for page in pages] == [
        [shown[2], shown[1]],
        [shown[0]],
    ]


def test_unlisted_tracks_leave_no_gap(index: Index, client: Client) -> None:
    """Tracks labelled for copyright are left out, adult ones too unless they are asked for."""
    alice, fan = index.actor("alice"), index.actor("fan")
    good, adult, stolen = (index.track(alice, title) for title in ("good", "adult", "stolen"))
    index.label(adult, "sexual")
    index.label(stolen, "copyright-violation")
    index.follow(fan, alice)
    client.viewer = fan
    assert uris(client, limit=1) == [good]
    assert "cursor" not in client.get("feed.getTimeline", limit=1)
    assert uris(client, includeAdult="true") == [adult, good]


def test_deleted_tracks_and_ended_follows(index: Index, client: Client) -> None:
    """Neither is shown any more."""
    alice, bob, fan = index.actor("alice"), index.actor("bob"), index.actor("fan")
    gone, kept = index.track(alice), index.track(alice)
    index.track(bob)
    index.follow(fan, alice, bob)
    index.delete(gone)
    index.conn.execute("UPDATE follows SET subject = NULL WHERE subject = ?", (bob,))
    client.viewer = fan
    assert uris(client) == [kept]


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of fifty tracks by many artists takes as many statements as a page of one."""
    fan = index.actor("fan")
    artists = [index.actor(f"artist{number}") for number in range(50)]
    for artist in artists:
        index.track(artist)
    index.follow(fan, *artists)
    client.viewer = fan
    fifty = client.statements("feed.getTimeline", limit=50)
    assert len(fifty) == len(client.statements("feed.getTimeline", limit=1)) <= 12


def test_bad_parameters(index: Index, client: Client) -> None:
    """A limit out of range and a foreign cursor are refused."""
    client.viewer = index.actor("fan")
    for params in ({"limit": 0}, {"limit": 101}, {"cursor": "x"}, {"includeAdult": "maybe"}):
        assert client.refused("feed.getTimeline", **params) == "InvalidRequest", params
