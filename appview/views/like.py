"""Likes."""

from __future__ import annotations

from appview.state import State
from appview.views.actor import actor_view
from appview.views.moment import claimed, moment


def like_view(key: int, state: State) -> dict[str, object]:
    """A like and who gave it."""
    like = state.likes[key]
    assert like, "rules leave absent rows out"
    return {
        "actor": actor_view(like.author, state),
        "uri": like.uri,
        "createdAt": claimed(like.value.get("createdAt"), like.first_seen),
        "indexedAt": moment(like.first_seen),
    }
