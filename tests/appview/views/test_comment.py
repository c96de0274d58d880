"""Views of comments."""

from __future__ import annotations

from appview.views.comment import comment_view
from tests.appview.index import NAMES
from tests.appview.states import ALICE, BOB, CREATED, actor, record, state


def test_comment() -> None:
    """A comment has its text and moment beside the record, and its author."""
    comment = record(NAMES.comment, BOB, text="this drop", timestampMs=45000)
    view = comment_view(5, state(actor(BOB), comments={5: comment}))
    assert view == {
        "uri": comment.uri,
        "cid": str(comment.cid),
        "author": {"did": BOB, "handle": "bob.test", "labels": []},
        "record": comment.value,
        "text": "this drop",
        "timestampMs": 45000,
        "createdAt": CREATED,
        "indexedAt": "2026-01-01T00:00:00.000Z",
    }
    assert ALICE not in str(view)
