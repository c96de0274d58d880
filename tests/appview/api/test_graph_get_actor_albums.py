"""``graph.getActorAlbums``."""

from __future__ import annotations

from typing import Any

from tests.appview.client import Client
from tests.appview.index import Index


def slugs(answer: dict[str, Any]) -> list[str]:
    """The slugs of the albums, in order."""
    return [album["slug"] for album in answer["albums"]]


def test_both_sorts_those_begun_last_first(index: Index, client: Client) -> None:
    """Lists and names of tracks alike, each album once; an album stays where it began."""
    alice, bob = index.actor("alice"), index.actor("bob")
    index.track(alice, album="First", duration=3)
    index.track(alice, album="Second")
    third = index.list_(alice, [], listType="album", name="Third")
    index.list_(alice, [], listType="playlist", name="Mix")
    index.track(alice)
    first = index.list_(alice, [], listType="album", name="FIRST")
    index.track(alice, album="first", duration=4)
    index.track(bob, album="Other")
    answer = client.get("graph.getActorAlbums", actor="alice.test")
    assert slugs(answer) == ["third", "second", "first"]
    assert [album.get("uri") for album in answer["albums"]] == [third, None, first]
    assert [album["trackCount"] for album in answer["albums"]] == [0, 1, 2]
    assert answer["albums"][2]["durationSeconds"] == 7
    assert answer["albums"][2]["title"] == "FIRST"


def test_pages(index: Index, client: Client) -> None:
    """Pages are one big page, whatever is added to albums or begun meanwhile."""
    alice = index.actor("alice")
    for number in range(7):
        index.track(alice, album=f"Album {number % 4}", createdAt="2025-06-01T00:00:00Z")
        index.list_(alice, [], listType="album", name=f"List {number}")
    whole = slugs(client.get("graph.getActorAlbums", actor=alice))
    assert len(whole) == 11
    for limit in (1, 2, 3):
        met: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = client.get("graph.getActorAlbums", actor=alice, limit=limit, **cursor)
            met += slugs(page)
            index.track(alice, album="Album 3")
            index.track(alice, album=f"New {len(met)} {limit}")
            if "cursor" not in page:
                break
            assert len(page["albums"]) == limit
            cursor = {"cursor": page["cursor"]}
        assert [slug for slug in met if slug in whole] == whole
        assert len(met) == len(set(met))


def test_what_is_labelled(index: Index, client: Client) -> None:
    """An album of nothing but copies is none; one of adult content is."""
    alice = index.actor("alice")
    index.label(index.track(alice, album="Copied"), "copyright-violation")
    index.label(index.track(alice, album="Adult"), "porn")
    index.label(index.list_(alice, [], listType="album", name="Hidden"), "!hide")
    assert slugs(client.get("graph.getActorAlbums", actor=alice)) == ["adult"]


def test_nothing(index: Index, client: Client) -> None:
    """An account without albums has none; one that is hidden or unknown is not found."""
    alice, eve = index.actor("alice"), index.actor("eve")
    index.track(alice)
    index.track(eve, album="Blue")
    index.status(eve, active=False)
    assert client.get("graph.getActorAlbums", actor=alice) == {"albums": []}
    for actor in (eve, "nobody.test"):
        assert client.refused("graph.getActorAlbums", actor=actor) == "ActorNotFound"
    assert client.refused("graph.getActorAlbums") == "InvalidRequest"


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of many albums takes as many statements as a page of one."""
    alice = index.actor("alice")
    for number in range(20):
        index.list_(alice, [index.track(alice)], listType="album", name=f"{number}")
    many = client.statements("graph.getActorAlbums", actor=alice)
    assert len(many) == len(client.statements("graph.getActorAlbums", actor=alice, limit=1)) <= 9
