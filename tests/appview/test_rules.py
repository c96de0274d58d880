"""What may be shown."""

from __future__ import annotations

from appview.rules import shown
from appview.state import Page
from tests.appview.index import NAMES
from tests.appview.states import ALICE, BOB, actor, record, state, track


def test_drops_the_absent_and_the_hidden_and_keeps_order() -> None:
    """Of every sort of row, only those whose author is active stay, in their order."""
    tracks = {1: track(ALICE), 2: None, 3: track(BOB), 4: track(ALICE)}
    likes = {1: record(NAMES.like, BOB), 2: record(NAMES.like, ALICE)}
    comments = {7: record(NAMES.comment, BOB), 8: None}
    lists = {9: record(NAMES.list, BOB, items=[])}
    loaded = state(
        actor(ALICE),
        actor(BOB, active=False),
        tracks=tracks,
        likes=likes,
        comments=comments,
        lists=lists,
    )
    page = Page(tracks=(4, 3, 2, 1), likes=(1, 2), comments=(7, 8), lists=(9,), actors=(BOB, ALICE))
    assert shown(page, loaded) == Page(tracks=(4, 1), likes=(2,), actors=(ALICE,))


def test_keeps_positions_and_cursor() -> None:
    """A list keeps its items and a page its cursor, whatever is dropped."""
    page = Page(tracks=(1,), positions=range(3), subjects={0: 1}, cursor="c")
    expected = Page(positions=range(3), subjects={0: 1}, cursor="c")
    assert shown(page, state(tracks={1: None})) == expected


def test_an_absent_author_shows_nothing() -> None:
    """A row whose account is not known is not shown."""
    assert shown(Page(tracks=(1,)), state(tracks={1: track(ALICE)})).tracks == ()
