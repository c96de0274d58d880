"""Tracks."""

from __future__ import annotations

from appview.media import Media
from appview.state import Page, State, Track, TrackAlbum, Viewer
from appview.views.actor import actor_view
from appview.views.blob import blob_url
from appview.views.image import image_view
from appview.views.label import labels, self_labels
from appview.views.link import trusted_link
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
        "labels": [*labels(track.uri, state), *self_labels(track)],
        "createdAt": claimed(track.value.get("createdAt"), track.sort_at),
        "indexedAt": moment(track.first_seen),
        "sortAt": moment(track.sort_at),
    }
    if audio := _audio(track, state.media):
        view["audio"] = audio
    if image := image_view(key, state):
        view["image"] = image
    if title := track.value.get("album"):
        view["album"] = {"title": title, **_album(state.track_albums.get(key))}
    if features := track.features:
        view["features"] = [actor_view(did, state) for did in features]
    if state.viewer:
        view["viewer"] = _viewer(key, state.viewer)
    return view


def track_list(page: Page, state: State) -> dict[str, object]:
    """A page of tracks."""
    return paged(page, tracks=[track_view(key, state) for key in page.tracks])


def _album(album: TrackAlbum | None) -> dict[str, object]:
    if album is None:
        return {}
    return {"slug": album.slug} if album.list is None else {"slug": album.slug, "uri": album.list}


def _viewer(key: int, viewer: Viewer) -> dict[str, object]:
    found: dict[str, object] = {}
    if like := viewer.likes.get(key):
        found["like"] = like
    if lists := viewer.lists.get(key):
        found["lists"] = list(lists)
    return found


def _audio(track: Track, media: Media) -> dict[str, object]:
    """How to get at the sound: the address that is claimed, and the blob, whose CID proves it."""
    audio: dict[str, object] = {}
    if url := trusted_link(track.value.get("audioUrl"), media):
        audio["url"] = url
    for blob in blob_refs(track.value.get("audioBlob")):
        audio["blob"] = {
            "cid": str(blob.cid),
            "mimeType": blob.mime_type,
            "size": blob.size,
            "url": blob_url(media, track.author, blob.cid),
        }
    return audio
