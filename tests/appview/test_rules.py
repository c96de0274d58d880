"""What may be shown."""

from __future__ import annotations

from dataclasses import replace

from appview.rules import shown
from appview.state import Album, AlbumKey, Page
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


def test_what_a_labeler_has_taken_down_is_dropped() -> None:
    """A record by its URI, and with an account all that is its own."""
    rows = {1: track(ALICE), 2: record(NAMES.like, ALICE), 3: track(BOB)}
    loaded = state(actor(ALICE), actor(BOB), tracks=rows, likes=rows)
    page = Page(tracks=(1, 3), likes=(2,), actors=(ALICE, BOB))
    without_record = replace(loaded, removed=frozenset([rows[1].uri]))
    assert shown(page, without_record) == replace(page, tracks=(3,))
    without_account = replace(loaded, removed=frozenset([ALICE]))
    assert shown(page, without_account) == Page(tracks=(3,), actors=(BOB,))


def test_an_album_stands_with_its_artist_and_its_list() -> None:
    """One that is absent, of a hidden artist, or by a list that is not shown, is not shown."""
    keys = tuple(AlbumKey(number, "a") for number in range(5))
    listing = record(NAMES.list, ALICE, items=[])
    albums = {
        keys[0]: Album(ALICE, "a", "A", None, 0, 1, 1, None),
        keys[1]: Album(ALICE, "a", "A", 9, 0, 1, 1, None),
        keys[2]: Album(ALICE, "a", "A", 8, 0, 1, 1, None),
        keys[3]: Album(BOB, "a", "A", None, 0, 1, 1, None),
        keys[4]: None,
    }
    loaded = state(actor(ALICE), albums=albums, lists={9: listing, 8: None})
    assert shown(Page(albums=keys), loaded).albums == keys[:2]
    removed = replace(loaded, removed=frozenset([listing.uri]))
    assert shown(Page(albums=keys), removed).albums == keys[:1]
