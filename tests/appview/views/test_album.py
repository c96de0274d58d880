"""Views of albums."""

from __future__ import annotations

from appview.state import Album, AlbumKey, Page
from appview.views.album import album_items, album_view
from tests.appview.index import NAMES, START
from tests.appview.states import ALICE, actor, record, state, track

KEY = AlbumKey(1, "blue")
STRONG = {"uri": "at://did:plc:x/fm.plyr.track/a", "cid": "bafyreie"}


def test_without_a_list() -> None:
    """What tracks alone make has no URI, and nothing is made up."""
    album = Album(ALICE, "blue", "Blue", None, START, 2, 30, None)
    view = album_view(KEY, state(actor(ALICE), albums={KEY: album}))
    assert view == {
        "title": "Blue",
        "slug": "blue",
        "artist": view["artist"],
        "trackCount": 2,
        "durationSeconds": 30,
        "createdAt": "2026-01-01T00:00:00.000Z",
    }


def test_with_a_list() -> None:
    """The list gives its URI, and what its author says of it."""
    said = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "sexual"}]}
    listing = record(NAMES.list, items=[], labels=said)
    album = Album(ALICE, "blue", "Blue", 7, START, 0, 0, None)
    view = album_view(KEY, state(actor(ALICE), albums={KEY: album}, lists={7: listing}))
    assert view["uri"] == listing.uri
    labels = view["labels"]
    assert isinstance(labels, list)
    assert [label["val"] for label in labels] == ["sexual"]


def test_items() -> None:
    """Entries of the list first, then tracks behind it, as far as the page may show them."""
    listing = record(NAMES.list, items=[{"subject": STRONG}] * 2)
    shown = track()
    loaded = state(actor(ALICE), lists={7: listing}, tracks={1: shown, 2: track(), 3: shown})
    page = Page(
        albums=(KEY,),
        lists=(7,),
        positions=range(2),
        subjects={0: 1, 1: 2},
        tracks=(1, 3),
        further=(3, 2),
    )
    one, two, three = album_items(page, loaded)
    assert (one["position"], two["position"]) == (0, 1)
    assert "track" in one
    assert two == {"position": 1, "subject": STRONG, "notFound": True}
    assert three.keys() == {"subject", "track"}
    assert three["subject"] == {"uri": shown.uri, "cid": str(shown.cid)}
