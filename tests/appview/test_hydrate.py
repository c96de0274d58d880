"""Loading what a page shows."""

from __future__ import annotations

from appview.call import Call
from appview.cursor import FIRST
from appview.hydrate import hydrate
from appview.params import Params
from appview.state import Page
from appview.store import Store
from atp.syntax import Did
from tests.appview.index import Index

CALL = Call(Params({}), None, 0)


def test_loads_rows_and_everyone_they_name(index: Index, store: Store) -> None:
    """The accounts of authors, of guests and of the page itself are there, unknown ones as None."""
    alice, bob, carol = (index.actor(name) for name in ("alice", "bob", "carol"))
    nobody = Did("did:plc:nobody")
    uri = index.track(alice, features=[{"did": nobody}])
    index.comment(bob, uri)
    (track,) = store.find_tracks([uri]).values()
    (comment,) = (place.id for place in store.comments_by_position(track, FIRST, 5))
    state = hydrate(store, Page(tracks=(track,), comments=(comment, 999), actors=(carol,)), CALL)
    assert state.actors.keys() == {alice, bob, carol, nobody}
    assert state.actors[nobody] is None
    assert state.tracks.keys() == {track}
    assert state.comments[999] is None


def test_an_empty_page_reads_nothing(store: Store) -> None:
    """Nothing is asked for nothing."""
    state = hydrate(store, Page(), CALL)
    assert not any((state.tracks, state.comments, state.likes, state.lists, state.actors))
