"""What the asking account has to do with tracks."""

from __future__ import annotations

from appview.state import Viewer
from appview.store import Store
from appview.store_viewer import MAX_LISTS, repo_rev, viewer
from atp.syntax import Did
from tests.appview.client import Client
from tests.appview.index import Index


def test_own_likes_and_lists(index: Index, store: Store) -> None:
    """The account's own, of the tracks asked for; of two likes the first; nobody else's."""
    alice, bob = index.actor("alice"), index.actor("bob")
    song, other, unloved = (index.track(alice, title) for title in ("a", "b", "c"))
    keys = store.find_tracks([song, other, unloved])
    first = index.like(bob, song)
    index.like(bob, song)
    index.like(alice, other)
    twice = index.list_(bob, [song, other, song])
    more = index.list_(bob, [song])
    index.list_(alice, [unloved])
    found = viewer(store, bob, keys.values())
    assert found.likes == {keys[song]: first}
    assert found.lists == {keys[song]: (twice, more), keys[other]: (twice,)}
    assert viewer(store, Did("did:web:nobody.test"), keys.values()) == Viewer()


def test_lists_are_bounded(index: Index, store: Store) -> None:
    """Of very many lists, the newest are looked through."""
    alice = index.actor("alice")
    song = index.track(alice)
    lists = [index.list_(alice, [song]) for _ in range(MAX_LISTS + 1)]
    (key,) = store.find_tracks([song]).values()
    assert viewer(store, alice, [key]).lists == {key: tuple(lists[1:])}


def test_an_answer_knows_its_viewer(index: Index, client: Client) -> None:
    """A track has viewer state for a known account, empty where there is none, and else not."""
    alice, bob = index.actor("alice"), index.actor("bob")
    song = index.track(alice)
    like, listing = index.like(bob, song), index.list_(bob, [song])
    assert "viewer" not in client.get("feed.getTrack", uri=song)["track"]
    client.viewer = bob
    assert client.get("feed.getTrack", uri=song)["track"]["viewer"] == {
        "like": like,
        "lists": [listing],
    }
    client.viewer = alice
    assert client.get("feed.getTrack", uri=song)["track"]["viewer"] == {}


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """Viewer state of fifty tracks takes as many statements as of one."""
    client.viewer = index.actor("alice")
    songs = [index.track(client.viewer) for _ in range(50)]
    for song in songs:
        index.like(client.viewer, song)
    fifty = client.statements("feed.getLatestTracks", limit=50)
    assert len(fifty) == len(client.statements("feed.getLatestTracks", limit=1))


def test_the_viewers_own_rev(index: Index, store: Store, client: Client) -> None:
    """A known account is told how far its own repo is indexed, so its PDS can add what is newer."""
    alice = index.actor("alice")
    index.conn.execute(
        "INSERT INTO repos (actor, rev, data, state, changed_at)"
        " SELECT id, '3kaaaaaaaaaaa', x'00', 'synchronized', 0 FROM actors WHERE did = ?",
        (alice,),
    )
    assert repo_rev(store, alice) == "3kaaaaaaaaaaa"
    assert "atproto-repo-rev" not in client.call("server.getStats").headers
    client.viewer = alice
    assert client.call("server.getStats").headers["atproto-repo-rev"] == "3kaaaaaaaaaaa"
    client.viewer = index.actor("bob")
    assert "atproto-repo-rev" not in client.call("server.getStats").headers
