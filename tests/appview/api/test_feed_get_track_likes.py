"""``feed.getTrackLikes``."""

from __future__ import annotations

from atp.syntax import AtUri, RecordKey
from tests.appview.client import Client
from tests.appview.index import NAMES, Index
from tests.appview.paging import check_paging


def test_each_account_once(index: Index, client: Client) -> None:
    """Likes are as many as the like count says: one an account, its first, none of hidden ones."""
    alice, bob, carol, dave = (index.actor(name) for name in ("alice", "bob", "carol", "dave"))
    track = index.track(alice)
    first = index.like(bob, track)
    second = index.like(bob, track)
    other = index.like(carol, track)
    index.like(dave, track)
    index.status(dave, active=False)
    likes = client.get("feed.getTrackLikes", uri=track)["likes"]
    assert [like["uri"] for like in likes] == [other, first]
    assert likes[0]["actor"]["handle"] == "carol.test"
    assert len(likes) == client.get("feed.getTrack", uri=track)["track"]["likeCount"]
    index.delete(first)
    likes = client.get("feed.getTrackLikes", uri=track)["likes"]
    assert [like["uri"] for like in likes] == [other, second]


def test_pages(index: Index, client: Client) -> None:
    """Pages hold together while accounts like the track, again or anew."""
    track = index.track(index.actor("alice"))
    for number in range(5):
        index.like(index.actor(f"fan{number}"), track, createdAt="2020-01-01T00:00:00Z")

    def write() -> None:
        index.like(index.actor("fan1"), track)
        index.like(index.actor(f"new{index.clock}"), track, createdAt="2020-01-01T00:00:00Z")

    check_paging(client, "feed.getTrackLikes", "likes", write, uri=track)


def test_likes_that_came_before_the_track(index: Index, client: Client) -> None:
    """Likes of a track that arrives later are there when it does."""
    alice, bob = index.actor("alice"), index.actor("bob")
    fields = {"title": "t", "artist": "a", "fileType": "mp3"}
    track = AtUri.of(alice, NAMES.track, RecordKey("3kaaaaaaaaaaa"))
    like = index.like(bob, track)
    assert client.refused("feed.getTrackLikes", uri=track) == "RecordNotFound"
    index.write(alice, NAMES.track, fields, "3kaaaaaaaaaaa")
    assert [one["uri"] for one in client.get("feed.getTrackLikes", uri=track)["likes"]] == [like]
