"""``feed.getActorLikes``."""

from __future__ import annotations

from atp.syntax import AtUri, RecordKey
from tests.appview.client import Client
from tests.appview.index import NAMES, Index
from tests.appview.paging import check_paging

NAME = "feed.getActorLikes"


def test_tracks_newest_like_first(index: Index, client: Client) -> None:
    """Each track once, by the first like; a like of what is not shown is left out."""
    alice, bob, fan = index.actor("alice"), index.actor("bob"), index.actor("fan")
    one, two, hidden = index.track(alice, "Ein Stück — ♫"), index.track(alice), index.track(bob)
    gone, album = index.track(alice), index.list_(alice, [one])
    missing = AtUri.of(alice, NAMES.track, RecordKey("3kaaaaaaaaaaa"))
    first = index.like(fan, one, createdAt="2025-12-31T23:59:59.5Z")
    second = index.like(fan, two)
    for subject in (hidden, gone, album, missing, one, two):
        index.like(fan, subject)
    index.like(alice, two)
    index.delete(gone)
    index.status(bob, active=False)
    likes = client.get(NAME, actor="fan.test")["likes"]
    assert [like["uri"] for like in likes] == [second, first]
    assert likes[1]["createdAt"] == "2025-12-31T23:59:59.5Z"
    assert likes[1]["track"]["record"]["title"] == "Ein Stück — ♫"
    assert "viewer" not in likes[0]["track"]
    client.viewer = alice
    assert "like" in client.get(NAME, actor=fan)["likes"][0]["track"]["viewer"]


def test_labels_show_and_copyright_does_not(index: Index, client: Client) -> None:
    """Somebody's likes are asked for: adult content is in, with its label."""
    artist, fan = index.actor("artist"), index.actor("fan")
    adult, copied = index.track(artist), index.track(artist)
    for track in (adult, copied):
        index.like(fan, track)
    index.label(adult, "sexual")
    index.label(copied, "copyright-violation")
    assert [like["track"]["uri"] for like in client.get(NAME, actor=fan)["likes"]] == [adult]


def test_pages(index: Index, client: Client) -> None:
    """Pages hold together with ties in time while more is liked and liked again."""
    artist, fan = index.actor("artist"), index.actor("fan")
    tracks = [index.track(artist) for _ in range(6)]
    for track in tracks:
        index.like(fan, track, createdAt="2020-01-01T00:00:00Z")

    def write() -> None:
        index.like(fan, tracks[0])
        index.like(fan, index.track(artist), createdAt="2020-01-01T00:00:00Z")

    check_paging(client, NAME, "likes", write, actor=fan)


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of thirty takes as many statements as a page of one."""
    fan = index.actor("fan")
    for number in range(30):
        index.like(fan, index.track(index.actor(f"artist{number}")))
    many = client.statements(NAME, actor=fan, limit=30)
    assert len(many) == len(client.statements(NAME, actor=fan, limit=1)) <= 10


def test_who_is_not_shown(index: Index, client: Client) -> None:
    """An unknown or hidden account is an error, one without likes an empty page."""
    fan = index.actor("fan")
    index.track(fan)
    assert client.get(NAME, actor=fan) == {"likes": []}
    index.status(fan, active=False)
    assert client.refused(NAME, actor=fan) == "ActorNotFound"
    assert client.refused(NAME, actor="did:web:nobody.test") == "ActorNotFound"
    assert client.refused(NAME, actor="x y") == "InvalidRequest"
    assert client.refused(NAME) == "InvalidRequest"
