"""Accounts."""

from __future__ import annotations

from appview.media import Media
from appview.state import Actor, State
from appview.views.blob import blob_url
from appview.views.label import labels
from appview.views.link import trusted_link
from atp.syntax import Did, Handle


def actor_view(did: Did, state: State) -> dict[str, object]:
    """An account beside what it made; of one that is unknown or hidden, its DID alone is told."""
    actor = state.actors[did]
    if actor is None or not actor.active or did in state.removed:
        return {"did": did, "handle": Handle.INVALID, "labels": []}
    view: dict[str, object] = {"did": did, "handle": actor.handle, "labels": labels(did, state)}
    if actor.display_name:
        view["displayName"] = actor.display_name
    if avatar := avatar_url(actor, state.media):
        view["avatar"] = avatar
    if actor.bio:
        view["bio"] = actor.bio
    return view


def avatar_url(actor: Actor, media: Media) -> str | None:
    """The picture of an account: its own where the address is trusted, else that of Bluesky."""
    if own := trusted_link(actor.avatar, media):
        return own
    return None if actor.avatar_cid is None else blob_url(media, actor.did, actor.avatar_cid)


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
