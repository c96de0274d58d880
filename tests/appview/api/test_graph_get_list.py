"""``graph.getList``."""

from __future__ import annotations

from atp.syntax import AtUri
from tests.appview.client import Client
from tests.appview.index import Index
from tests.appview.paging import check_paging


def test_keeps_order_and_marks_what_is_not_shown(index: Index, client: Client) -> None:
    """Items stay in the author's order; one that is unknown, hidden or gone keeps its place."""
    alice, bob = index.actor("alice"), index.actor("bob")
    one, two, gone, hidden = (index.track(did) for did in (alice, alice, alice, bob))
    unseen = AtUri("at://did:plc:nobody/fm.plyr.track/3k2akalqwmc2a")
    by_handle = AtUri("at://alice.test/fm.plyr.track/3k2akalqwmc2a")
    uri = index.list_(
        alice, [two, unseen, one, two, gone, hidden, by_handle], name="Mix", listType="playlist"
    )
    index.delete(gone)
    index.status(bob, active=False)
    answer = client.get("graph.getList", uri=uri)
    assert (answer["list"]["name"], answer["list"]["itemCount"]) == ("Mix", 7)
    assert [item["position"] for item in answer["items"]] == list(range(7))
    assert [item["subject"]["uri"] for item in answer["items"]] == [
        two,
        unseen,
        one,
        two,
        gone,
        hidden,
        by_handle,
    ]
    tracks = [item.get("track", {}).get("uri") for item in answer["items"]]
    assert tracks == [two, None, one, two, None, None, None]
    assert [item.get("notFound", False) for item in answer["items"]] == [
        track is None for track in tracks
    ]


def test_pages(index: Index, client: Client) -> None:
    """Pages of items hold together, and each comes with the list."""
    alice = index.actor("alice")
    tracks = [index.track(alice) for _ in range(5)]
    uri = index.list_(alice, tracks)
    items = check_paging(client, "graph.getList", "items", lambda: None, uri=uri)
    assert [item["track"]["uri"] for item in items] == tracks


def test_ends(index: Index, client: Client) -> None:
    """An empty list has an empty page, and a cursor beyond the end of one that shrank too."""
    alice = index.actor("alice")
    track = index.track(alice)
    uri = index.list_(alice, [track, track])
    cursor = client.get("graph.getList", uri=uri, limit=1)["cursor"]
    empty = index.list_(alice, [])
    for params in ({"uri": empty}, {"uri": empty, "cursor": cursor}):
        answer = client.get("graph.getList", **params)
        assert (answer["items"], "cursor" in answer) == ([], False)


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of a hundred items takes as many statements as a page of one."""
    tracks = [index.track(index.actor(f"artist{number}")) for number in range(20)]
    uri = index.list_(index.actor("alice"), tracks * 5)
    hundred = client.statements("graph.getList", uri=uri, limit=100)
    assert len(hundred) == len(client.statements("graph.getList", uri=uri, limit=1)) <= 9


def test_what_is_not_shown_is_not_found(index: Index, client: Client) -> None:
    """Deleted and hidden lists, and records that are no lists, are RecordNotFound."""
    alice, bob = index.actor("alice"), index.actor("bob")
    gone, hidden, track = index.list_(alice, []), index.list_(bob, []), index.track(alice)
    index.delete(gone)
    index.status(bob, active=False)
    for uri in (gone, hidden, track, f"at://{alice}", "at://nobody.test/fm.plyr.list/a"):
        assert client.refused("graph.getList", uri=uri) == "RecordNotFound"
