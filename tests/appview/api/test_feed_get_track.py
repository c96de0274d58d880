"""``feed.getTrack``."""

from __future__ import annotations

import pytest

from tests.appview.client import Client
from tests.appview.index import Index


def test_shows_a_track(index: Index, client: Client) -> None:
    """A track comes with its record, its author and its counts."""
    alice, bob = index.actor("alice"), index.actor("bob")
    uri = index.track(alice, "Blue", duration=61)
    index.like(bob, uri)
    index.comment(bob, uri)
    index.list_(bob, [uri, uri])
    track = client.get("feed.getTrack", uri=uri)["track"]
    assert track["uri"] == uri
    assert track["record"]["title"] == "Blue"
    assert track["author"] == {"did": alice, "handle": "alice.test", "labels": []}
    assert (track["likeCount"], track["commentCount"], track["listCount"]) == (1, 1, 1)
    assert track["labels"] == []


def test_authority_may_be_a_handle(index: Index, client: Client) -> None:
    """A URI may name the account by its verified handle, in any case; the answer names its DID."""
    alice = index.actor("alice")
    uri = index.track(alice)
    asked = uri.replace(alice, "Alice.TEST")
    assert client.get("feed.getTrack", uri=asked)["track"]["uri"] == uri


def test_what_is_not_shown_is_not_found(index: Index, client: Client) -> None:
    """Deleted, hidden, unseen, foreign and incomplete URIs are all RecordNotFound."""
    alice, bob = index.actor("alice"), index.actor("bob")
    deleted, hidden = index.track(alice), index.track(bob)
    index.delete(deleted)
    index.status(bob, active=False)
    comment = index.comment(alice, hidden)
    for uri in (
        deleted,
        hidden,
        comment,
        f"at://{alice}/fm.plyr.track/3k2akalqwmc2a",
        "at://did:plc:nobody/fm.plyr.track/3k2akalqwmc2a",
        "at://nobody.test/fm.plyr.track/3k2akalqwmc2a",
        "at://handle.invalid/fm.plyr.track/3k2akalqwmc2a",
        f"at://{alice}",
        f"at://{alice}/fm.plyr.track",
        f"at://{alice}/fm.plyr.stg.track/3k2akalqwmc2a",
    ):
        assert client.refused("feed.getTrack", uri=uri) == "RecordNotFound", uri


def test_is_back_when_its_account_is(index: Index, client: Client) -> None:
    """Hiding an account loses nothing."""
    alice = index.actor("alice")
    uri = index.track(alice)
    index.status(alice, active=False)
    assert client.refused("feed.getTrack", uri=uri) == "RecordNotFound"
    index.status(alice, active=True)
    assert client.get("feed.getTrack", uri=uri)["track"]["uri"] == uri


@pytest.mark.parametrize(
    "params", [{}, {"uri": "x"}, {"uri": "at://x"}, {"uri": ["at://a.b", "at://c.d"]}]
)
def test_bad_parameters(client: Client, params: dict[str, object]) -> None:
    """A missing, broken or repeated URI is refused before the index is asked."""
    assert client.refused("feed.getTrack", **params) == "InvalidRequest"


def test_shows_all_that_a_record_may_say(index: Index, client: Client) -> None:
    """A record with every field gives a view with every part, in the shape of the lexicon."""
    alice, guest = index.actor("alice"), index.actor("guest")
    cid = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    blob = {
        "$type": "blob",
        "ref": {"$link": cid},
        "mimeType": "audio/mpeg",
        "size": 7,
    }
    uri = index.track(
        alice,
        audioBlob=blob,
        audioUrl="https://audio.plyr.fm/a.mp3",
        imageUrl="https://images.plyr.fm/a.png",
        album="Blue",
        duration=61,
        features=[{"did": guest}, {"did": "did:plc:nobody"}],
        labels={"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "sexual"}]},
    )
    track = client.get("feed.getTrack", uri=uri)["track"]
    assert track["audio"]["url"] == "https://audio.plyr.fm/a.mp3"
    assert track["audio"]["blob"]["cid"] == cid
    assert track["image"] == {"url": "https://images.plyr.fm/a.png"}
    assert track["album"] == {"title": "Blue", "slug": "blue"}
    assert [who["handle"] for who in track["features"]] == ["guest.test", "handle.invalid"]
    assert [label["val"] for label in track["labels"]] == ["sexual"]
