"""Accounts."""

from __future__ import annotations

from appview.state import State
from appview.views.link import https_link
from atp.syntax import Did, Handle


def actor_view(did: Did, state: State) -> dict[str, object]:
    """An account beside what it made; of one that is unknown or hidden, its DID alone is told."""
    actor = state.actors[did]
    if actor is None or not actor.active:
        return {"did": did, "handle": Handle.INVALID, "labels": []}
    view: dict[str, object] = {"did": did, "handle": actor.handle, "labels": []}
    if actor.display_name:
        view["displayName"] = actor.display_name
    if avatar := https_link(actor.avatar):
        view["avatar"] = avatar
    if actor.bio:
        view["bio"] = actor.bio
    return view


def profile_view(did: Did, state: State) -> dict[str, object]:
    """An account with how much it has published."""
    actor = state.actors[did]
    assert actor, "rules leave absent rows out"
    return {
        **actor_view(did, state),
        "trackCount": actor.tracks,
        "likeCount": actor.likes,
        "commentCount": actor.comments,
        "listCount": actor.lists,
    }
