"""Views of accounts."""

from __future__ import annotations

from appview.views.actor import actor_view, profile_view
from atp.cid import Cid
from tests.appview.states import ALICE, BOB, actor, state


def test_optional_fields() -> None:
    """Name, picture and bio are there when the account has them; the picture may be Bluesky's."""
    full = actor(ALICE, display_name="Al", avatar="https://images.plyr.fm/a", bio="hi")
    assert actor_view(ALICE, state(full)) == {
        "did": ALICE,
        "handle": "alice.test",
        "labels": [],
        "displayName": "Al",
        "avatar": "https://images.plyr.fm/a",
        "bio": "hi",
    }
    cid = Cid.for_raw(b"picture")
    elsewhere = actor(ALICE, avatar="https://img.test/a", avatar_cid=cid)
    url = f"http://localhost:8080/blob/{ALICE}/{cid}"
    assert actor_view(ALICE, state(elsewhere))["avatar"] == url
    bare = actor(ALICE, display_name="", avatar="http://img.test/a")
    assert actor_view(ALICE, state(bare)).keys() == {"did", "handle", "labels"}


def test_nothing_is_told_of_hidden_or_unknown_accounts() -> None:
    """Their DID, which the record that names them shows anyway, is all."""
    hidden = actor(ALICE, active=False, display_name="Al", bio="hi")
    for did in (ALICE, BOB):
        assert actor_view(did, state(hidden)) == {
            "did": did,
            "handle": "handle.invalid",
            "labels": [],
        }


def test_profile_counts() -> None:
    """A profile is the account with its counts."""
    profile = profile_view(ALICE, state(actor(ALICE, tracks=5, likes=6, comments=7, lists=8)))
    counts = [profile[f"{noun}Count"] for noun in ("track", "like", "comment", "list")]
    assert counts == [5, 6, 7, 8]
    assert profile.items() >= actor_view(ALICE, state(actor(ALICE))).items()
