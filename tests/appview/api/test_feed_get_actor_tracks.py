"""``feed.getActorTracks``."""

from __future__ import annotations

from tests.appview.client import Client
from tests.appview.index import Index
from tests.appview.paging import check_paging


def test_by_did_or_handle(index: Index, client: Client) -> None:
    """One account's tracks, newest first, and nobody else's."""
    alice, bob = index.actor("alice"), index.actor("bob")
    first, second = index.track(alice), index.track(alice)
    index.track(bob)
    for actor in (alice, "alice.test", "ALICE.test"):
        tracks = client.get("feed.getActorTracks", actor=actor)["tracks"]
        assert [track["uri"] for track in tracks] == [second, first]


def test_pages(index: Index, client: Client) -> None:
    """Pages hold together while tracks are added."""
    alice = index.actor("alice")
    for _ in range(5):
        index.track(alice, createdAt="2020-01-01T00:00:00Z")
    check_paging(client, "feed.getActorTracks", "tracks", lambda: _two(index), actor=alice)


def _two(index: Index) -> None:
    alice = index.actor("alice")
    index.track(alice)
    index.track(alice, createdAt="2020-01-01T00:00:00Z")


def test_a_listener_has_none(index: Index, client: Client) -> None:
    """An account that only likes is known and has no tracks."""
    alice, bob = index.actor("alice"), index.actor("bob")
    index.like(bob, index.track(alice))
    assert client.get("feed.getActorTracks", actor=bob) == {"tracks": []}


def test_accounts_that_are_not_shown(index: Index, client: Client) -> None:
    """Unknown, empty and hidden accounts are ActorNotFound."""
    alice = index.actor("alice")
    index.actor("empty")
    index.track(alice)
    index.status(alice, active=False)
    for actor in (alice, "alice.test", "empty.test", "did:plc:nobody", "no.test", "handle.invalid"):
        assert client.refused("feed.getActorTracks", actor=actor) == "ActorNotFound"
    assert client.refused("feed.getActorTracks", actor="no handle") == "InvalidRequest"
