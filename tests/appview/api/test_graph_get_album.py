"""``graph.getAlbum``."""

from __future__ import annotations

from typing import Any

import pytest

from atp.syntax import AtUri, Did
from tests.appview.client import Client
from tests.appview.index import LABELER, MINUTE, Index

IMAGE = "https://images.plyr.fm/{}.png"


def album(did: Did, index: Index, items: list[AtUri], name: str = "Blue") -> AtUri:
    """A list that is an album."""
    return index.list_(did, items, listType="album", name=name)


def subjects(answer: dict[str, Any]) -> list[str]:
    """The URIs of the items, in order."""
    return [item["subject"]["uri"] for item in answer["items"]]


def test_tracks_alone_make_an_album(index: Index, client: Client) -> None:
    """Without a list it has the tracks that name it, in any spelling, first published first."""
    alice, bob = index.actor("alice"), index.actor("bob")
    two = index.track(alice, album="Blue", duration=20)
    one = index.track(alice, album="BLUE!", duration=10, createdAt="2025-01-01T00:00:00Z")
    index.track(alice, album="Red")
    index.track(bob, album="Blue")
    answer = client.get("graph.getAlbum", actor="alice.test", slug="blue")
    assert subjects(answer) == [one, two]
    assert [item["track"]["uri"] for item in answer["items"]] == [one, two]
    found = answer["album"]
    assert (found["title"], found["slug"], found["artist"]["did"]) == ("BLUE!", "blue", alice)
    assert (found["trackCount"], found["durationSeconds"]) == (2, 30)
    assert found["createdAt"] == "2025-01-01T00:00:00.000Z"
    assert found.keys().isdisjoint({"uri", "image", "labels"})


def test_a_list_and_tracks_are_one_album(index: Index, client: Client) -> None:
    """The list's order first, unknown entries marked, then tracks that only name the album."""
    alice, bob = index.actor("alice"), index.actor("bob")
    later = index.track(alice, album="blue", duration=5)
    two, one = (index.track(alice, duration=10, album="Blue") for _ in range(2))
    guest, hidden = index.track(bob, duration=7), index.track(index.actor("eve"), duration=100)
    unseen = AtUri("at://did:plc:nobody/fm.plyr.track/3k2akalqwmc2a")
    uri = album(alice, index, [one, unseen, two, guest, hidden, one])
    index.status(Did("did:web:eve.test"), active=False)
    by_slug = client.get("graph.getAlbum", actor=alice, slug="blue")
    assert by_slug == client.get("graph.getAlbum", uri=uri)
    assert subjects(by_slug) == [one, unseen, two, guest, hidden, one, later]
    shown = [item.get("track", {}).get("uri") for item in by_slug["items"]]
    assert shown == [one, None, two, guest, None, one, later]
    assert [item.get("position") for item in by_slug["items"]] == [0, 1, 2, 3, 4, 5, None]
    assert all(item.get("notFound", False) is ("track" not in item) for item in by_slug["items"])
    found = by_slug["album"]
    assert (found["title"], found["uri"]) == ("Blue", uri)
    assert (found["trackCount"], found["durationSeconds"]) == (4, 32)


def test_a_track_names_its_album(index: Index, client: Client) -> None:
    """A track has the slug of its album and the list of that slug, the newest of several."""
    alice = index.actor("alice")
    track = index.track(alice, album="Été bleu")
    assert client.get("feed.getTrack", uri=track)["track"]["album"] == {
        "title": "Été bleu",
        "slug": "ete-bleu",
    }
    old, new = album(alice, index, [], "ete Bleu"), album(alice, index, [track], "Été Bleu!")
    named = client.get("feed.getTrack", uri=track)["track"]["album"]
    assert (named["slug"], named["uri"]) == ("ete-bleu", new)
    assert client.get("graph.getAlbum", actor=alice, slug=named["slug"])["album"]["uri"] == new
    assert client.get("graph.getAlbum", uri=old)["album"]["uri"] == old
    assert subjects(client.get("graph.getAlbum", uri=old)) == [track]


@pytest.mark.parametrize("listed", [0, 1, 3, 4])
def test_pages(index: Index, client: Client, listed: int) -> None:
    """Pages of every size are one big page, across the end of the list, under writes."""
    alice = index.actor("alice")
    tracks = [index.track(alice, album="Blue") for _ in range(4)]
    entries = tracks[:listed] * 2
    if listed:
        album(alice, index, entries)
    whole = [*entries, *tracks[listed:]]
    assert subjects(client.get("graph.getAlbum", actor=alice, slug="blue")) == whole
    for limit in range(1, 10):
        cursor: dict[str, str] = {}
        met: list[str] = []
        while True:
            page = client.get("graph.getAlbum", actor=alice, slug="blue", limit=limit, **cursor)
            assert 0 < len(page["items"]) <= limit
            met += subjects(page)
            if "cursor" not in page:
                break
            assert len(page["items"]) == limit
            cursor = {"cursor": page["cursor"]}
            index.track(alice, album="Red")
        assert met == whole


def test_what_comes_meanwhile_moves_nothing(index: Index, client: Client) -> None:
    """A track that is published between two pages is at the end of them."""
    alice = index.actor("alice")
    tracks = [index.track(alice, album="Blue") for _ in range(3)]
    params: dict[str, Any] = {"actor": alice, "slug": "blue", "limit": 2}
    first = client.get("graph.getAlbum", **params)
    tracks.append(index.track(alice, album="Blue"))
    second = client.get("graph.getAlbum", **params, cursor=first["cursor"])
    assert [*subjects(first), *subjects(second)] == tracks


def test_pictures(index: Index, client: Client) -> None:
    """A track's own picture, else the first of its album from a trusted origin, else the artist's."""
    alice, bob = index.actor("alice"), index.actor("bob")
    index.profile(alice, avatar=IMAGE.format("avatar"))
    plain = index.track(alice, album="Blue")
    single = index.track(alice)
    foreign = index.track(alice, album="Blue", imageUrl="https://tracker.test/a.png")

    def image(uri: AtUri) -> str:
        return str(client.get("feed.getTrack", uri=uri)["track"]["image"]["url"])

    def cover() -> str:
        found = client.get("graph.getAlbum", actor=alice, slug="blue")["album"]
        return str(found["image"]["url"])

    assert {image(plain), image(single), image(foreign), cover()} == {IMAGE.format("avatar")}
    one = index.track(alice, album="Blue", imageUrl=IMAGE.format(1))
    two = index.track(alice, imageUrl=IMAGE.format(2))
    assert (image(plain), image(foreign), image(one)) == (*[IMAGE.format(1)] * 2, IMAGE.format(1))
    assert cover() == IMAGE.format(1)
    other = index.track(bob, imageUrl=IMAGE.format("bob"))
    album(alice, index, [other, plain, two, one])
    assert (image(plain), image(one), cover()) == (
        IMAGE.format(2),
        IMAGE.format(1),
        IMAGE.format(2),
    )
    index.label(two, "!hide")
    assert (image(plain), cover()) == (IMAGE.format(1), IMAGE.format(1))


def test_labels(index: Index, client: Client) -> None:
    """What is labelled for copyright is no part of it; adult content is, with its labels."""
    alice = index.actor("alice")
    kept, copied, adult = (index.track(alice, album="Blue", duration=1) for _ in range(3))
    client.labelers.append(LABELER)
    index.label(copied, "copyright-violation")
    index.label(adult, "porn")
    answer = client.get("graph.getAlbum", actor=alice, slug="blue")
    assert subjects(answer) == [kept, adult]
    assert answer["album"]["trackCount"] == 2
    assert [label["val"] for label in answer["items"][1]["track"]["labels"]] == ["porn"]
    uri = album(alice, index, [copied, kept])
    index.label(uri, "!warn")
    client.now = index.clock + MINUTE
    answer = client.get("graph.getAlbum", actor=alice, slug="blue")
    assert [item.get("notFound", False) for item in answer["items"]] == [True, False, False]
    assert [label["val"] for label in answer["album"]["labels"]] == ["!warn"]
    index.label(uri, "!takedown")
    client.headers = {b"atproto-accept-labelers": f"{LABELER};redact".encode()}
    assert client.refused("graph.getAlbum", actor=alice, slug="blue") == "RecordNotFound"


def test_the_viewer_sees_its_own(index: Index, client: Client) -> None:
    """Tracks of an album tell the asking account what it likes."""
    alice, bob = index.actor("alice"), index.actor("bob")
    track = index.track(alice, album="Blue")
    like = index.like(bob, track)
    client.viewer = bob
    (item,) = client.get("graph.getAlbum", actor=alice, slug="blue")["items"]
    assert item["track"]["viewer"] == {"like": like}


def test_names_of_every_sort(index: Index, client: Client) -> None:
    """Albums in any script, without letters or without a name have a slug and are found by it."""
    alice = index.actor("alice")
    for title in ("夜に駆ける", "Привет", "!!!", "x" * 256, "🎵"):
        index.track(alice, album=title)
    unnamed = index.list_(alice, [], listType="album")
    albums = client.get("graph.getActorAlbums", actor=alice)["albums"]
    assert len({found["slug"] for found in albums}) == 6
    for found in albums:
        again = client.get("graph.getAlbum", actor=alice, slug=found["slug"])["album"]
        assert again == found
    assert albums[0]["uri"] == unnamed
    assert (albums[0]["title"], albums[0]["slug"]) == ("", unnamed.rkey)


def test_what_there_is_not(index: Index, client: Client) -> None:
    """Unknown slugs, lists that are no albums, and deleted ones are RecordNotFound."""
    alice, eve = index.actor("alice"), index.actor("eve")
    track = index.track(alice, album="Blue")
    mix = index.list_(alice, [track], listType="playlist", name="Mix")
    gone = album(alice, index, [], "Gone")
    hidden = album(eve, index, [])
    index.delete(gone)
    index.status(eve, active=False)
    assert client.refused("graph.getAlbum", actor=alice, slug="mix") == "RecordNotFound"
    assert client.refused("graph.getAlbum", actor=alice, slug="gone") == "RecordNotFound"
    assert client.refused("graph.getAlbum", actor=alice, slug="Blue") == "RecordNotFound"
    assert client.refused("graph.getAlbum", actor=eve, slug="blue") == "ActorNotFound"
    for uri in (mix, gone, hidden, track, f"at://{alice}"):
        assert client.refused("graph.getAlbum", uri=uri) == "RecordNotFound"
    index.delete(track)
    assert client.refused("graph.getAlbum", actor=alice, slug="blue") == "RecordNotFound"


def test_one_way_of_naming_it(index: Index, client: Client) -> None:
    """Either the list or artist and slug; nothing less and not both."""
    alice = index.actor("alice")
    uri = album(alice, index, [index.track(alice)])
    for params in (
        {},
        {"actor": alice},
        {"slug": "blue"},
        {"uri": uri, "slug": "blue"},
        {"uri": uri, "actor": alice, "slug": "blue"},
        {"actor": alice, "slug": ""},
        {"uri": uri, "cursor": "x"},
    ):
        assert client.refused("graph.getAlbum", **params) == "InvalidRequest"


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of a hundred items takes as many statements as a page of one."""
    alice = index.actor("alice")
    tracks = [index.track(alice, album="Blue") for _ in range(30)]
    album(alice, index, tracks[:20] * 4)
    params = {"actor": alice, "slug": "blue"}
    hundred = client.statements("graph.getAlbum", **params, limit=100)
    assert len(hundred) == len(client.statements("graph.getAlbum", **params, limit=90)) <= 14


def test_no_picture_of_another_artist(index: Index, client: Client) -> None:
    """An album of the same name by somebody else lends no picture."""
    alice, bob = index.actor("alice"), index.actor("bob")
    plain = index.track(alice, album="Blue")
    index.track(bob, album="Blue", imageUrl=IMAGE.format("bob"))
    assert "image" not in client.get("feed.getTrack", uri=plain)["track"]
