"""``graph.getTrackLists``."""

from __future__ import annotations

from tests.appview.client import Client
from tests.appview.index import Index
from tests.appview.paging import check_paging


def test_each_list_once(index: Index, client: Client) -> None:
    """Everybody's lists that hold the track, newest first, however often; hidden ones do not show."""
    alice, bob, eve = index.actor("alice"), index.actor("bob"), index.actor("eve")
    track, other = index.track(alice), index.track(alice)
    one = index.list_(alice, [track, other, track])
    two = index.list_(bob, [other, track], name="Ünïcode")
    index.list_(bob, [other])
    index.list_(eve, [track])
    index.label(index.list_(bob, [track]), "!hide")
    index.status(eve, active=False)
    found = client.get("graph.getTrackLists", uri=track)["lists"]
    assert [one["uri"] for one in found] == [two, one]
    assert [one["itemCount"] for one in found] == [2, 3]


def test_pages(index: Index, client: Client) -> None:
    """Pages of lists hold together."""
    alice = index.actor("alice")
    track = index.track(alice)
    for _ in range(7):
        index.list_(alice, [track], createdAt="2025-06-01T00:00:00Z")

    def write() -> None:
        index.list_(alice, [track])

    assert len(check_paging(client, "graph.getTrackLists", "lists", write, uri=track)) >= 7


def test_ends(index: Index, client: Client) -> None:
    """A track on no list has none; what is not shown is not found."""
    alice = index.actor("alice")
    track = index.track(alice)
    assert client.get("graph.getTrackLists", uri=track) == {"lists": []}
    mix = index.list_(alice, [track])
    index.delete(track)
    for uri in (track, mix, "at://nobody.test/fm.plyr.track/a"):
        assert client.refused("graph.getTrackLists", uri=uri) == "RecordNotFound"


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of many lists takes as many statements as a page of one."""
    track = index.track(index.actor("alice"))
    for number in range(20):
        index.list_(index.actor(f"fan{number}"), [track])
    many = client.statements("graph.getTrackLists", uri=track)
    assert len(many) == len(client.statements("graph.getTrackLists", uri=track, limit=1)) <= 7
