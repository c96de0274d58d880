"""Pages of acts: whole or not at all."""

from __future__ import annotations

from dataclasses import replace

from appview import acts
from appview.cursor import Place
from appview.state import Act, Page, State
from tests.appview.index import NAMES
from tests.appview.states import ALICE, BOB, actor, record, state, track

ACTS = (
    Act("like", 1, 10, 500),
    Act("comment", 2, 10, 400),
    Act("list", 3, None, 300),
    Act("track", 11, 11, 200),
    Act("feature", 11, 11, 100),
)


def loaded() -> State:
    """All that these acts are made of, by Alice, of tracks of Bob and Alice."""
    return state(
        actor(ALICE),
        actor(BOB),
        likes={1: record(NAMES.like)},
        comments={2: record(NAMES.comment)},
        lists={3: record(NAMES.list)},
        tracks={10: track(BOB), 11: track()},
    )


def left(page: Page, found: State) -> list[str]:
    """The kinds of the acts that are shown."""
    return [act.kind for act in acts.shown(page, found).acts]


def test_a_page_names_what_is_to_be_loaded() -> None:
    """Each row once, and the cursor behind the last act of a full page."""
    page = acts.page(ACTS, 5)
    assert (page.likes, page.comments, page.lists, page.tracks) == ((1,), (2,), (3,), (10, 11))
    assert (page.acts, page.cursor) == (ACTS, None)
    short = acts.page(ACTS, 2)
    assert (short.acts, short.lists, short.tracks) == (ACTS[:2], (), (10,))
    assert short.cursor == Place(400, 2).encode()


def test_an_act_is_shown_with_all_it_is_about() -> None:
    """Without its record or its track it is not; the others stay, in order."""
    page, whole = acts.page(ACTS, 5), loaded()
    assert left(page, whole) == ["like", "comment", "list", "track", "feature"]
    assert left(page, replace(whole, likes={1: None})) == ["comment", "list", "track", "feature"]
    hidden = replace(whole, actors={ALICE: actor(ALICE), BOB: actor(BOB, active=False)})
    assert left(page, hidden) == ["list", "track", "feature"]
    hidden = replace(whole, actors={ALICE: actor(ALICE, active=False), BOB: actor(BOB)})
    assert left(page, hidden) == []
