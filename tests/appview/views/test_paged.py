"""Answers that come in pages."""

from __future__ import annotations

from appview.state import Page
from appview.views.paged import paged


def test_only_a_page_with_a_successor_has_a_cursor() -> None:
    """The cursor is left out, not null, on the last page."""
    assert paged(Page(cursor="c"), things=[1]) == {"cursor": "c", "things": [1]}
    assert paged(Page(), things=[]) == {"things": []}
