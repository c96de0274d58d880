"""What a labeler has taken down."""

from __future__ import annotations

from dataclasses import replace

from appview.labelers import Labelers
from appview.store import Store
from appview.withheld import withheld
from atp.syntax import Did
from tests.appview.index import LABELER, Index
from tests.appview.test_hydrate import CALL


def test_only_for_who_lets_it(index: Index, store: Store) -> None:
    """A takedown by a labeler that may redact; not a hint, not another's, not one taken back."""
    one, two, three = (index.track(index.actor(name)) for name in ("a", "b", "c"))
    index.label(one, "!takedown")
    index.label(two, "!hide")
    index.label(three, "!takedown", src=Did("did:web:other.test"))
    accepting = replace(CALL, now=index.clock, labelers=Labelers({LABELER: True}))
    uris = [one, two, three]
    assert withheld(store, accepting, uris) == {one}
    assert withheld(store, replace(accepting, labelers=Labelers({LABELER: False})), uris) == set()
    assert withheld(store, CALL, uris) == set()
    index.label(one, "!takedown", neg=True)
    assert withheld(store, replace(accepting, now=index.clock), uris) == set()


def test_our_own_labeler_needs_no_leave(index: Index, store: Store) -> None:
    """What it removes is withheld from everybody, beside what the caller lets others remove."""
    one, two, three = (index.track(index.actor(name)) for name in ("a", "b", "c"))
    other = Did("did:web:other.test")
    index.own(LABELER)
    index.label(one, "!takedown")
    index.label(two, "!takedown", src=other)
    index.label(three, "!hide")
    uris = [one, two, three]
    assert withheld(store, CALL, uris) == {one}
    accepting = replace(CALL, labelers=Labelers({other: True}))
    assert withheld(store, accepting, uris) == {one, two}
