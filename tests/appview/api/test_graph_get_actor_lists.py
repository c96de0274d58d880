"""``graph.getActorLists``."""

from __future__ import annotations

from tests.appview.client import Client
from tests.appview.index import Index
from tests.appview.paging import check_paging


def test_of_one_type_or_all(index: Index, client: Client) -> None:
    """Newest first; a type that is unknown, or in other letters, has none."""
    alice, bob = index.actor("alice"), index.actor("bob")
    mix = index.list_(alice, [], listType="playlist", name="夜")
    blue = index.list_(alice, [], listType="album", name="Blue")
    bare = index.list_(alice, [])
    index.list_(bob, [])

    def uris(**params: str) -> list[str]:
        found = client.get("graph.getActorLists", actor="alice.test", **params)["lists"]
        return [one["uri"] for one in found]

    assert uris() == [bare, blue, mix]
    assert (uris(listType="playlist"), uris(listType="album")) == ([mix], [blue])
    assert uris(listType="Album") == uris(listType="") == []


def test_pages(index: Index, client: Client) -> None:
    """Pages of lists hold together, of a type too."""
    alice = index.actor("alice")
    for number in range(8):
        index.list_(alice, [], listType="playlist" if number % 2 else "album")
    index.label(index.list_(alice, []), "!hide")

    def write() -> None:
        index.list_(alice, [], listType="album")

    assert len(check_paging(client, "graph.getActorLists", "lists", write, actor=alice)) >= 8
    check_paging(client, "graph.getActorLists", "lists", write, actor=alice, listType="album")


def test_hidden(index: Index, client: Client) -> None:
    """Hidden accounts have no lists that are shown; what is labelled away is not either."""
    alice, eve = index.actor("alice"), index.actor("eve")
    index.label(index.list_(alice, []), "!hide")
    assert client.get("graph.getActorLists", actor=alice) == {"lists": []}
    index.list_(eve, [])
    index.status(eve, active=False)
    for actor in (eve, "nobody.test"):
        assert client.refused("graph.getActorLists", actor=actor) == "ActorNotFound"


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of many lists takes as many statements as a page of one."""
    alice = index.actor("alice")
    for _ in range(20):
        index.list_(alice, [])
    many = client.statements("graph.getActorLists", actor=alice)
    assert len(many) == len(client.statements("graph.getActorLists", actor=alice, limit=1)) <= 7
