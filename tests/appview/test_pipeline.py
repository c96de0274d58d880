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
from atp.runtime.xrpc import XrpcError
from tests.appview.states import ALICE, state


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


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (Page(tracks=(1,)), "RecordNotFound"),
        (Page(lists=(1,), tracks=(2,)), "RecordNotFound"),
        (Page(actors=(ALICE,)), "ActorNotFound"),
    ],
)
def test_what_the_rules_take_of_a_sole_thing_is_not_found(
    store: Store, page: Page, error: str
) -> None:
    """It is the first of account, list and track; of anything else less is shown."""
    call = Call(Params({}), None, 7)
    gone = replace(page, tracks=(), lists=(), actors=())
    left = replace(page, tracks=page.tracks if page.tracks == (1,) else ())

    def asked(rules: Page) -> object:
        answer = endpoint(
            lambda _store, _call: page,
            lambda _store, _page, _call: state(),
            lambda _page, _state: rules,
            lambda _page, _state: {"shown": True},
            sole=True,
        )
        return answer(store, call)

    assert asked(left) == {"shown": True}
    with pytest.raises(XrpcError) as refused:
        asked(gone)
    assert (refused.value.status, refused.value.error) == (400, error)
