"""Albums as they are read, against an obvious account of the same records."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from appview import store_graph
from appview.cursor import LAST
from appview.labels import viewing
from appview.state import AlbumKey
from appview.store import Store
from atp.syntax import AtUri, Datetime
from lexicons.slug import slug
from tests.appview.client import Client
from tests.appview.index import START, Index
from tests.appview.test_hydrate import CALL

TITLES = ["Blue", "BLUE", "blue!", "Été", "ete", "夜", "!!!", "Red", "Red 2"]
IMAGE = "https://images.plyr.fm/{}.png"
ANY = viewing(CALL)


@pytest.mark.parametrize("seed", range(5))
def test_as_an_obvious_account_has_them(index: Index, client: Client, seed: int) -> None:
    """Which albums there are, in which order, with what on them, and by which list."""
    random = Random(seed)
    alice, bob = index.actor("alice"), index.actor("bob")
    begun: dict[str, int] = {}
    tracks: dict[str, list[tuple[int, AtUri]]] = {}
    lists: dict[str, list[tuple[int, AtUri, list[AtUri]]]] = {}
    known: list[AtUri] = [index.track(bob, album="Blue") for _ in range(3)]
    for _ in range(40):
        title, at = random.choice(TITLES), START - random.randrange(20) * 1_000_000
        more: dict[str, Any] = {"createdAt": Datetime.from_micros(at)}
        name = slug(title)
        if random.random() < 0.7:
            uri = index.track(alice, album=title, **more)
            tracks.setdefault(name, []).append((at, uri))
            known.append(uri)
        else:
            items = random.choices(known, k=random.randrange(5))
            uri = index.list_(alice, items, listType="album", name=title, **more)
            lists.setdefault(name, []).append((at, uri, items))
        begun[name] = min(at, begun.get(name, at))
    albums = client.get("graph.getActorAlbums", actor=alice)["albums"]
    assert {album["slug"] for album in albums} == begun.keys()
    moments = [begun[album["slug"]] for album in albums]
    assert moments == sorted(moments, reverse=True)
    assert [album["createdAt"] for album in albums] == [Datetime.from_micros(at) for at in moments]
    for album in albums:
        name = album["slug"]
        newest = max(lists.get(name, []), key=lambda one: (one[0], one[1]), default=None)
        items = [] if newest is None else newest[2]
        behind = [uri for _, uri in sorted(tracks.get(name, [])) if uri not in items]
        answer = client.get("graph.getAlbum", actor=alice, slug=name)
        assert [item["subject"]["uri"] for item in answer["items"]] == [*items, *behind]
        assert answer["album"] == album
        assert album["trackCount"] == len({*items, *behind})
        assert album.get("uri") == (newest and newest[1])


def test_a_picture_is_looked_for_at_the_start_only(index: Index, store: Store) -> None:
    """A long album without pictures costs no more than a short one."""
    alice = index.actor("alice")
    for _ in range(store_graph.MAX_COVERS):
        index.track(alice, album="Blue")
    index.track(alice, album="Blue", imageUrl=IMAGE.format(1))
    actor = store.find_actor(alice)
    assert actor is not None
    ((_, key),) = store_graph.actor_albums(store, actor.id, LAST, 9, ANY)
    trusted = ["https://images.plyr.fm"]
    album = store_graph.albums(store, [key], trusted, ANY, ANY)[key]
    assert album is not None
    assert (album.cover, album.tracks) == (None, store_graph.MAX_COVERS + 1)
    index.track(alice, album="Blue", imageUrl=IMAGE.format(2), createdAt="2020-01-01T00:00:00Z")
    album = store_graph.albums(store, [key], trusted, ANY, ANY)[key]
    assert album is not None
    assert album.cover == IMAGE.format(2)
    album = store_graph.albums(store, [key], ["https://images.plyr"], ANY, ANY)[key]
    assert album is not None
    assert album.cover is None


def test_what_is_no_album(store: Store) -> None:
    """Asked for and absent."""
    key = AlbumKey(1, "blue")
    assert store_graph.albums(store, [key], [], ANY, ANY) == {key: None}
    assert store_graph.track_albums(store, [7], [], ANY) == {}
