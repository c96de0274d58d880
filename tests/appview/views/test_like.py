"""Views of likes."""

from __future__ import annotations

from appview.views.like import like_view
from tests.appview.index import NAMES
from tests.appview.states import BOB, CREATED, actor, record, state


def test_like() -> None:
    """A like is who, where and when."""
    like = record(NAMES.like, BOB)
    assert like_view(5, state(actor(BOB), likes={5: like})) == {
        "actor": {"did": BOB, "handle": "bob.test", "labels": []},
        "uri": like.uri,
        "createdAt": CREATED,
        "indexedAt": "2026-01-01T00:00:00.000Z",
    }
