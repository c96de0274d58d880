"""``feed.getLatestTracks``."""

from __future__ import annotations

from tests.appview.client import Client
from tests.appview.index import Index
from tests.appview.paging import check_paging


def test_orders_by_the_earlier_of_claimed_and_seen(index: Index, client: Client) -> None:
    """A future date does not jump the queue, an old one is believed, whatever its form."""
    alice = index.actor("alice")
    ancient = index.track(alice, createdAt="0000-06-01T00:00:00Z")
    offset = index.track(alice, createdAt="2020-01-01T01:00:00+02:00")
    future = index.track(alice, createdAt="2999-01-01T00:00:00.000Z")
    honest = index.track(alice)
    tracks = client.get("feed.getLatestTracks")["tracks"]
    assert [track["uri"] for track in tracks] == [honest, future, offset, ancient]
    assert [track["createdAt"][:4] for track in tracks] == ["2026", "2999", "2020", "0000"]
    assert tracks[1]["sortAt"] == tracks[1]["indexedAt"] == "2026-01-01T00:03:00.000Z"
    assert tracks[2]["sortAt"] == "2019-12-31T23:00:00.000Z"
    assert tracks[3]["sortAt"] == "0001-01-01T00:00:00.000Z"


def test_pages(index: Index, client: Client) -> None:
    """Pages hold together with ties in time and with tracks added at either end between them."""
    alice, bob = index.actor("alice"), index.actor("bob")
    for number in range(7):
        index.track(alice if number % 2 else bob, createdAt=f"2020-01-0{1 + number // 3}T00:00:00Z")

    def write() -> None:
        index.track(bob)
        index.track(bob, createdAt="2020-01-02T00:00:00Z")

    check_paging(client, "feed.getLatestTracks", "tracks", write)


def test_hidden_accounts_leave_no_gap(index: Index, client: Client) -> None:
    """Pages are full although the newest tracks are hidden."""
    alice, bob = index.actor("alice"), index.actor("bob")
    shown = [index.track(alice) for _ in range(3)]
    for _ in range(5):
        index.track(bob)
    index.status(bob, active=False)
    pages = client.pages("feed.getLatestTracks", "tracks", 2)
    assert [[track["uri"] for track in page] for page in pages] == [
        [shown[2], shown[1]],
        [shown[0]],
    ]


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of fifty tracks by many authors takes as many statements as a page of one."""
    guest = index.actor("guest")
    for number in range(50):
        index.track(index.actor(f"artist{number}"), features=[{"did": guest}])
    client.viewer = guest
    fifty = client.statements("feed.getLatestTracks", limit=50)
    assert len(fifty) == len(client.statements("feed.getLatestTracks", limit=1)) <= 9
    client.viewer = None
    first = client.statements("feed.getLatestTracks", limit=50)
    assert len(first) <= 10
    assert len(client.statements("feed.getLatestTracks", limit=50)) == 3


def test_bad_parameters(client: Client) -> None:
    """A limit out of range and a foreign cursor are refused."""
    for params in ({"limit": 0}, {"limit": 101}, {"limit": "x"}, {"cursor": "x"}, {"cursor": ""}):
        assert client.refused("feed.getLatestTracks", **params) == "InvalidRequest", params


def test_empty(client: Client) -> None:
    """Nothing is an empty page."""
    assert client.get("feed.getLatestTracks") == {"tracks": []}
