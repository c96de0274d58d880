"""Loading what a page shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appview.call import Call
from appview.cursor import FIRST
from appview.hydrate import hydrate
from appview.labelers import Labelers
from appview.params import Params
from appview.state import Page
from appview.store import Store
from atp.cid import Cid
from atp.syntax import Did
from tests.appview.index import LABELER, START, Index

CALL = Call(Params({}), None, 0)
CID = Cid.for_raw(b"picture")


def test_loads_rows_and_everyone_they_name(index: Index, store: Store) -> None:
    """The accounts of authors, of guests and of the page itself are there, unknown ones as None."""
    alice, bob, carol = (index.actor(name) for name in ("alice", "bob", "carol"))
    guest, nobody = Did("did:plc:guest"), Did("did:plc:nobody")
    uri = index.track(alice, features=[{"did": guest}])
    index.comment(bob, uri)
    (track,) = store.find_tracks([uri]).values()
    (comment,) = (place.id for place in store.comments_by_position(track, FIRST, 5))
    page = Page(tracks=(track,), comments=(comment, 999), actors=(carol, nobody))
    state = hydrate(store, page, CALL)
    assert state.actors.keys() == {alice, bob, carol, guest, nobody}
    assert state.actors[nobody] is None
    assert state.tracks.keys() == {track}
    assert state.comments[999] is None


def test_an_empty_page_reads_nothing(store: Store) -> None:
    """Nothing is asked for nothing."""
    state = hydrate(store, Page(), CALL)
    assert not any((state.tracks, state.comments, state.likes, state.lists, state.actors))


def test_labels_of_rows_and_of_everyone_they_name(index: Index, store: Store) -> None:
    """Those of the labelers that the caller accepts; an account has those on its profiles too."""
    alice = index.actor("alice")
    uri = index.track(alice)
    profile = f"at://{alice}/app.bsky.actor.profile/self"
    for subject in (uri, alice, profile, "did:web:elsewhere.test"):
        index.label(subject, "spam")
    index.label(uri, "!takedown", src=Did("did:web:other.test"))
    (track,) = store.find_tracks([uri]).values()
    page = Page(tracks=(track,))
    call = replace(CALL, now=START, labelers=Labelers({LABELER: True}))
    state = hydrate(store, page, call)
    found = {subject: [one.uri for one in labels] for subject, labels in state.labels.items()}
    assert found == {uri: [uri], alice: [alice, profile], profile: [profile]}
    assert state.removed == frozenset()
    assert hydrate(store, page, CALL).labels == {}


def test_what_our_own_labeler_removes(index: Index, store: Store) -> None:
    """It is read for who accepts nobody's labels too, and shown to none of them."""
    alice = index.actor("alice")
    uri = index.track(alice)
    index.own(LABELER)
    index.label(uri, "!takedown")
    index.label(alice, "spam")
    (track,) = store.find_tracks([uri]).values()
    state = hydrate(store, Page(tracks=(track,)), CALL)
    assert state.removed == {uri}
    assert state.labels == {}


@pytest.mark.parametrize(
    ("taken_down", "left"),
    [
        ([], ["Name", "https://audio.plyr.fm/a.png", CID, "bio"]),
        (["fm.plyr.actor.profile"], ["Name", None, CID, None]),
        (["app.bsky.actor.profile"], [None, "https://audio.plyr.fm/a.png", None, "bio"]),
        (["fm.plyr.actor.profile", "app.bsky.actor.profile"], [None] * 4),
    ],
)
def test_a_profile_that_is_taken_down_says_nothing(
    index: Index, store: Store, taken_down: list[str], left: list[object]
) -> None:
    """Its account stays, without what stands in that record."""
    alice = index.actor("alice")
    index.profile(alice, bio="bio", avatar="https://audio.plyr.fm/a.png")
    picture = {"$type": "blob", "ref": {"$link": str(CID)}, "mimeType": "image/png", "size": 1}
    index.bsky_profile(alice, displayName="Name", avatar=picture)
    index.own(LABELER)
    for collection in taken_down:
        index.label(f"at://{alice}/{collection}/self", "!takedown")
    actor = hydrate(store, Page(actors=(alice,)), CALL).actors[alice]
    assert actor is not None
    assert actor.handle == "alice.test"
    assert [actor.display_name, actor.avatar, actor.avatar_cid, actor.bio] == left
