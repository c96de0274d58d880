"""Tracks."""

from __future__ import annotations

from appview.state import Page, State, Track, Viewer
from appview.views.actor import actor_view
from appview.views.image import image_view
from appview.views.label import self_labels
from appview.views.link import https_link
from appview.views.moment import claimed, moment
from appview.views.paged import paged
from atp.data import blob_refs, to_json


def track_view(key: int, state: State) -> dict[str, object]:
    """A track with all that a player shows of it."""
    track = state.tracks[key]
    assert track, "rules leave absent rows out"
    view: dict[str, object] = {
        "uri": track.uri,
        "cid": str(track.cid),
        "author": actor_view(track.author, state),
        "record": to_json(dict(track.value)),
        "likeCount": track.likes,
        "commentCount": track.comments,
        "listCount": track.lists,
        "playCount": 0,  # plays are no records, and none are counted yet
        "labels": self_labels(track),
        "createdAt": claimed(track.value.get("createdAt"), track.sort_at),
        "indexedAt": moment(track.first_seen),
        "sortAt": moment(track.sort_at),
    }
    if audio := _audio(track):
        view["audio"] = audio
    if image := image_view(track):
        view["image"] = image
    if album := track.value.get("album"):
        view["album"] = {"title": album}
    if features := track.features:
        view["features"] = [actor_view(did, state) for did in features]
    if state.viewer:
        view["viewer"] = _viewer(key, state.viewer)
    return view


def track_list(page: Page, state: State) -> dict[str, object]:
    """A page of tracks."""
    return paged(page, tracks=[track_view(key, state) for key in page.tracks])


def _viewer(key: int, viewer: Viewer) -> dict[str, object]:
    found: dict[str, object] = {}
    if like := viewer.likes.get(key):
        found["like"] = like
    if lists := viewer.lists.get(key):
        found["lists"] = list(lists)
    return found


def _audio(track: Track) -> dict[str, object]:
    """How to get at the sound: the address that is claimed, and the blob, whose CID proves it."""
    audio: dict[str, object] = {}
    if url := https_link(track.value.get("audioUrl")):
        audio["url"] = url
    for blob in blob_refs(track.value.get("audioBlob")):
        audio["blob"] = {"cid": str(blob.cid), "mimeType": blob.mime_type, "size": blob.size}
    return audio
