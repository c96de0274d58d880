"""Cover pictures."""

from __future__ import annotations

from appview.state import Album, State
from appview.views.actor import avatar_url
from appview.views.link import trusted_link
from atp.syntax import Did


def image_view(key: int, state: State) -> dict[str, object] | None:
    """The picture of a track: its own, else that of its album, else that of its author."""
    track, album = state.tracks[key], state.track_albums.get(key)
    assert track, "rules leave absent rows out"
    own = trusted_link(track.value.get("imageUrl"), state.media)
    return _image(own or _cover(album.cover if album else None, track.author, state))


def album_image(album: Album, state: State) -> dict[str, object] | None:
    """The picture of an album: that of a track of it, else that of the artist."""
    return _image(_cover(album.cover, album.author, state))


def _cover(claim: str | None, author: Did, state: State) -> str | None:
    if cover := trusted_link(claim, state.media):
        return cover
    actor = state.actors[author]
    return None if actor is None else avatar_url(actor, state.media)


def _image(url: str | None) -> dict[str, object] | None:
    return {"url": url} if url else None
