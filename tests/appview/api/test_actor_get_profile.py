"""``actor.getProfile``."""

from __future__ import annotations

from atp.cid import Cid
from tests.appview.client import Client
from tests.appview.index import Index


def test_shows_an_account(index: Index, client: Client) -> None:
    """Name and bio come from the account's profiles, counts from what it holds."""
    alice, bob = index.actor("alice"), index.actor("bob")
    track = index.track(alice)
    index.profile(alice, bio="makes sounds", avatar="https://images.plyr.fm/a.png")
    index.bsky_profile(alice, displayName="Alice 🎵")
    index.like(alice, track)
    index.like(alice, track)
    index.comment(bob, track)
    expected = {
        "did": alice,
        "handle": "alice.test",
        "displayName": "Alice 🎵",
        "bio": "makes sounds",
        "avatar": "https://images.plyr.fm/a.png",
        "labels": [],
        "trackCount": 1,
        "likeCount": 1,
        "commentCount": 0,
        "listCount": 0,
    }
    assert client.get("actor.getProfile", actor=alice) == expected
    assert client.get("actor.getProfile", actor="Alice.Test") == expected
    assert client.get("actor.getProfile", actor=bob)["commentCount"] == 1


def test_the_picture_of_bluesky(index: Index, client: Client) -> None:
    """It is served here, unless the account has one of its own that is trusted."""
    alice = index.actor("alice")
    index.track(alice)
    cid = Cid.for_raw(b"picture")
    blob = {"$type": "blob", "ref": {"$link": str(cid)}, "mimeType": "image/png", "size": 7}
    index.bsky_profile(alice, avatar=blob)
    shown = client.get("actor.getProfile", actor=alice)
    assert shown["avatar"] == f"http://localhost:8080/blob/{alice}/{cid}"
    index.profile(alice, avatar="https://images.plyr.fm/a.png")
    shown = client.get("actor.getProfile", actor=alice)
    assert shown["avatar"] == "https://images.plyr.fm/a.png"


def test_unverified_handle(index: Index, client: Client) -> None:
    """An account whose handle does not verify, or not yet, is shown without one."""
    alice = index.actor("alice", handle="handle.invalid")
    index.track(alice)
    assert client.get("actor.getProfile", actor=alice)["handle"] == "handle.invalid"
    index.conn.execute("UPDATE actors SET handle = NULL")
    assert client.get("actor.getProfile", actor=alice)["handle"] == "handle.invalid"


def test_the_last_to_verify_a_handle_has_it(index: Index, client: Client) -> None:
    """Of two accounts with one handle the one that verified it last is found."""
    old, new = index.actor("old", "shared.test"), index.actor("new")
    index.track(old)
    index.track(new)
    index.actor("new", "shared.test")
    index.conn.execute("UPDATE actors SET handle_due = handle_due + id")
    assert client.get("actor.getProfile", actor="shared.test")["did"] == new


def test_accounts_that_are_not_shown(index: Index, client: Client) -> None:
    """Unknown, hidden and merely mentioned accounts are ActorNotFound."""
    alice, guest = index.actor("alice"), index.actor("guest")
    index.track(alice, features=[{"did": guest}])
    index.status(alice, active=False)
    for actor in (alice, guest, "did:plc:nobody", "nobody.test", "handle.invalid"):
        assert client.refused("actor.getProfile", actor=actor) == "ActorNotFound"
