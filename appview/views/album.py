"""Albums and their tracks."""

from __future__ import annotations

from appview.state import AlbumKey, Page, State
from appview.views.actor import actor_view
from appview.views.image import album_image
from appview.views.label import labels, self_labels
from appview.views.list_ import item_views
from appview.views.moment import moment
from appview.views.track import track_view


def album_view(key: AlbumKey, state: State) -> dict[str, object]:
    """An album; what is on it is for ``album_items``."""
    album = state.albums[key]
    assert album, "rules leave absent rows out"
    view: dict[str, object] = {
        "title": album.title,
        "slug": album.slug,
        "artist": actor_view(album.author, state),
        "trackCount": album.tracks,
        "durationSeconds": album.seconds,
        "createdAt": moment(album.begun),
    }
    if image := album_image(album, state):
        view["image"] = image
    if album.list is not None and (listing := state.lists[album.list]):
        view["uri"] = listing.uri
        if found := [*labels(listing.uri, state), *self_labels(listing)]:
            view["labels"] = found
    return view


def album_items(page: Page, state: State) -> list[dict[str, object]]:
    """The entries of the album's list at the page's positions, then the tracks behind them."""
    listed = [item for key in page.lists for item in item_views(key, page, state)]
    return [*listed, *(_further(key, state) for key in page.further if key in page.tracks)]


def _further(key: int, state: State) -> dict[str, object]:
    track = state.tracks[key]
    assert track, "rules leave absent rows out"
    subject = {"uri": track.uri, "cid": str(track.cid)}
    return {"subject": subject, "track": track_view(key, state)}
