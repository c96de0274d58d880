"""Views of tracks."""

from __future__ import annotations

from typing import Any

import pytest

from appview.state import Page
from appview.views.track import track_list, track_view
from tests.appview.states import ALICE, BOB, CREATED, actor, state, track


def view(**fields: Any) -> dict[str, Any]:
    """The view of a track of Alice's with these fields."""
    return track_view(1, state(actor(ALICE), actor(BOB), tracks={1: track(**fields)}))


def test_times_and_counts() -> None:
    """What the author claims stays as written; our own times have milliseconds."""
    track = view()
    assert track["createdAt"] == CREATED
    assert track["indexedAt"] == "2026-01-01T00:00:00.000Z"
    assert track["sortAt"] == "2025-12-31T23:59:59.999Z"
    assert (track["likeCount"], track["commentCount"], track["listCount"]) == (3, 2, 1)


def test_nothing_optional_is_made_up() -> None:
    """A bare record has no audio, image, album or features."""
    assert view().keys().isdisjoint({"audio", "image", "album", "features", "viewer"})


def test_record_is_verbatim() -> None:
    """The record is as signed, unknown fields, links and bytes included."""
    odd = {"$link": "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"}
    record = view(odd=odd, raw={"$bytes": "AQI"}, nothing=None)["record"]
    assert (record["odd"], record["raw"], record["nothing"]) == (odd, {"$bytes": "AQI"}, None)


def test_audio_url_and_blob() -> None:
    """The claimed address and the blob stand side by side."""
    cid = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    blob = {
        "$type": "blob",
        "ref": {"$link": cid},
        "mimeType": "audio/mpeg",
        "size": 7,
    }
    audio = view(audioUrl="https://audio.plyr.fm/a.mp3", audioBlob=blob)["audio"]
    assert audio["url"] == "https://audio.plyr.fm/a.mp3"
    assert audio["blob"] == {
        "cid": cid,
        "mimeType": "audio/mpeg",
        "size": 7,
        "url": f"http://localhost:8080/blob/{ALICE}/{cid}",
    }


@pytest.mark.parametrize(
    "url", ["https://a.test/x", "javascript:alert(1)", "https://audio.plyr.fm/a b", "", None, 3]
)
def test_only_trusted_links(url: object) -> None:
    """No address is offered to a browser but those at origins that the operator trusts."""
    assert view(audioUrl=url, imageUrl=url).keys().isdisjoint({"audio", "image"})


def test_image_and_album() -> None:
    """A cover and the album's title come from the record."""
    track = view(imageUrl="https://images.plyr.fm/a.png", album="Blue")
    assert (track["image"], track["album"]) == (
        {"url": "https://images.plyr.fm/a.png"},
        {"title": "Blue"},
    )


def test_features_of_every_shape() -> None:
    """Guests are accounts, each once; what is no DID is left out."""
    shapes = [
        {"did": BOB, "handle": "old.test"},
        BOB,
        "did:web:alice.test",
        "Some One",
        {"x": 1},
        5,
    ]
    guests = view(features=shapes)["features"]
    assert [guest["did"] for guest in guests] == [BOB, ALICE]
    assert guests[0]["handle"] == "bob.test"


def test_list_keeps_the_order_of_the_page() -> None:
    """A page of tracks is in the page's order and has its cursor."""
    loaded = state(actor(ALICE), tracks={1: track(description="1"), 2: track(description="2")})
    answer = track_list(Page(tracks=(2, 1), cursor="c"), loaded)
    assert answer["cursor"] == "c"
    tracks: Any = answer["tracks"]
    assert [one["record"]["description"] for one in tracks] == ["2", "1"]
