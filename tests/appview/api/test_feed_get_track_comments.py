"""``feed.getTrackComments``."""

from __future__ import annotations

import pytest

from tests.appview.client import Client
from tests.appview.index import Index
from tests.appview.paging import check_paging


def test_orders(index: Index, client: Client) -> None:
    """Comments come by the moment they are about, or newest first; hidden accounts' do not."""
    alice, bob = index.actor("alice"), index.actor("bob")
    track = index.track(alice)
    late, early, same = (index.comment(alice, track, at_ms) for at_ms in (9000, 10, 9000))
    index.comment(bob, track, 5)
    index.status(bob, active=False)
    comments = client.get("feed.getTrackComments", uri=track)["comments"]
    assert [comment["uri"] for comment in comments] == [early, late, same]
    assert [comment["timestampMs"] for comment in comments] == [10, 9000, 9000]
    assert comments[0]["text"] == comments[0]["record"]["text"] == "oh"
    newest = client.get("feed.getTrackComments", uri=track, sort="newest")["comments"]
    assert [comment["uri"] for comment in newest] == [same, early, late]


@pytest.mark.parametrize("sort", ["position", "newest"])
def test_pages(index: Index, client: Client, sort: str) -> None:
    """Pages hold together in either order while comments are added."""
    alice = index.actor("alice")
    track = index.track(alice)
    for number in range(6):
        index.comment(alice, track, number // 2, createdAt="2020-01-01T00:00:00Z")

    def write() -> None:
        index.comment(alice, track, 0)
        index.comment(alice, track, 1)

    check_paging(client, "feed.getTrackComments", "comments", write, uri=track, sort=sort)


def test_bad_parameters(index: Index, client: Client) -> None:
    """An unknown order is refused, and so are comments on what is not shown."""
    track = index.track(index.actor("alice"))
    assert client.refused("feed.getTrackComments", uri=track, sort="best") == "InvalidRequest"
    index.delete(track)
    assert client.refused("feed.getTrackComments", uri=track) == "RecordNotFound"
