"""Cover pictures."""

from __future__ import annotations

from typing import Any

import pytest

from appview.state import Album, TrackAlbum
from appview.views.image import album_image, image_view
from tests.appview.states import ALICE, actor, state, track

OWN, COVER, AVATAR = (f"https://images.plyr.fm/{name}.png" for name in ("own", "cover", "avatar"))
ELSEWHERE = "https://tracker.test/a.png"


def image(own: str | None, cover: str | None, avatar: str | None) -> object:
    """The picture of a track of an album, with these claims."""
    fields: dict[str, Any] = {} if own is None else {"imageUrl": own}
    album = TrackAlbum("blue", None, cover)
    found = image_view(
        1,
        state(actor(ALICE, avatar=avatar), tracks={1: track(**fields)}, track_albums={1: album}),
    )
    assert found is None or found.keys() == {"url"}
    return found and found["url"]


@pytest.mark.parametrize("none", [None, ELSEWHERE, "http://images.plyr.fm/a.png", ""])
def test_cascade(none: str | None) -> None:
    """The track's own, else the album's, else the artist's; none that would tell who listens."""
    assert image(OWN, COVER, AVATAR) == OWN
    assert image(none, COVER, AVATAR) == COVER
    assert image(none, none, AVATAR) == AVATAR
    assert image(none, none, none) is None


def test_without_an_album() -> None:
    """A track of no album goes on to its artist."""
    loaded = state(actor(ALICE, avatar=AVATAR), tracks={1: track()})
    assert image_view(1, loaded) == {"url": AVATAR}


def test_album() -> None:
    """An album has its cover, else the artist's picture, else none."""
    album = Album(ALICE, "blue", "Blue", None, 0, 1, 1, COVER)
    bare = Album(ALICE, "blue", "Blue", None, 0, 1, 1, None)
    known, plain = state(actor(ALICE, avatar=AVATAR)), state(actor(ALICE))
    assert album_image(album, known) == {"url": COVER}
    assert album_image(bare, known) == {"url": AVATAR}
    assert album_image(bare, plain) is None
