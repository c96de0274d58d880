"""Comments."""

from __future__ import annotations

from appview.state import State
from appview.views.actor import actor_view
from appview.views.label import labels
from appview.views.moment import claimed, moment
from atp.data import to_json


def comment_view(key: int, state: State) -> dict[str, object]:
    """A comment on a moment of a track, and who made it."""
    comment = state.comments[key]
    assert comment, "rules leave absent rows out"
    view: dict[str, object] = {
        "uri": comment.uri,
        "cid": str(comment.cid),
        "author": actor_view(comment.author, state),
        "record": to_json(dict(comment.value)),
        "text": comment.value["text"],
        "timestampMs": comment.value["timestampMs"],
        "createdAt": claimed(comment.value.get("createdAt"), comment.first_seen),
        "indexedAt": moment(comment.first_seen),
    }
    if found := labels(comment.uri, state):
        view["labels"] = found
    return view
