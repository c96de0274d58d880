"""Page cursors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appview.cursor import FIRST, LAST, CursorError, Place, page

INT64 = st.integers(-(2**63), 2**63 - 1)
PLACES = st.builds(Place, INT64, INT64)


@given(PLACES)
def test_round_trip(place: Place) -> None:
    """Every place that SQLite can hold survives its cursor, which needs no escaping in a URL."""
    text = place.encode()
    assert Place.decode(text) == place
    assert text.replace("-", "").replace("_", "").isalnum()


@given(st.one_of(st.text(), st.text(alphabet="ABCXYZabcxyz0189-_=")))
def test_anything_else_is_refused_by_name(text: str) -> None:
    """Text is either the one cursor of a place or is refused as a cursor."""
    try:
        place = Place.decode(text)
    except CursorError:
        return
    assert place.encode() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "not a cursor",
        "MTox=",  # padded
        "MTox\n",
        "MToyOjM",  # 1:2:3
        "MDE6MQ",  # 01:1
        "2aE6MQ",  # an Arabic digit
        Place(2**63, 0).encode(),
        Place(0, -(2**63) - 1).encode(),
        Place(10**30, 0).encode(),
        "A" * 4096,
    ],
)
def test_refused(text: str) -> None:
    """Near misses are refused, above all numbers that SQLite could not take."""
    with pytest.raises(CursorError, match="cursor"):
        Place.decode(text)


@given(st.lists(PLACES, max_size=6), st.integers(1, 5))
def test_page_has_a_cursor_only_when_more_follows(places: list[Place], limit: int) -> None:
    """A page ends in a cursor exactly when a place beyond it was read."""
    ids, cursor = page(places, limit)
    assert ids == tuple(place.id for place in places[:limit])
    if len(places) > limit:
        assert cursor == places[limit - 1].encode()
    else:
        assert cursor is None


def test_ends_enclose_every_place() -> None:
    """The ends are the extremes of what SQLite can hold."""
    assert (FIRST.key, FIRST.id, LAST.key, LAST.id) == (-(2**63), -(2**63), 2**63 - 1, 2**63 - 1)
