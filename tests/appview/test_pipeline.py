"""The four functions of an endpoint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appview.call import Call
from appview.hydrate import hydrate
from appview.params import Params
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page, State
from appview.store import Store
from tests.appview.states import state


def test_order_and_what_each_is_given(store: Store) -> None:
    """Skeleton, hydrate, rules, view: hydrate sees the whole page, the view what rules left."""
    loaded = state()

    def skeleton(given: Store, call: Call) -> Page:
        assert given is store
        return Page(tracks=(1, 2), cursor=call.params.text("x"))

    def load(given: Store, page: Page, call: Call) -> State:
        assert (given, page.tracks, call.now) == (store, (1, 2), 7)
        return loaded

    def rules(page: Page, given: State) -> Page:
        assert given is loaded
        return replace(page, tracks=page.tracks[1:])

    def view(page: Page, given: State) -> dict[str, object]:
        assert given is loaded
        return {"tracks": page.tracks, "cursor": page.cursor}

    answer = endpoint(skeleton, load, rules, view)
    assert answer(store, Call(Params({"x": "c"}), None, 7)) == {"tracks": (2,), "cursor": "c"}


def test_the_snapshot_ends_with_an_error(store: Store) -> None:
    """A query that fails leaves the connection ready for the next."""

    def fails(_store: Store, _call: Call) -> Page:
        raise RuntimeError

    answer = endpoint(fails, hydrate, shown, lambda _page, _state: {})
    for _ in range(2):
        with pytest.raises(RuntimeError):
            answer(store, Call(Params({}), None, 7))
