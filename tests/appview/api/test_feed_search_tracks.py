"""``feed.searchTracks``."""

from __future__ import annotations

from typing import Any

import pytest

from appview.ranking import LIFETIME
from tests.appview.client import Client
from tests.appview.index import Index
from tests.appview.paging import check_paging

NAME = "feed.searchTracks"


def titles(client: Client, q: str, **params: Any) -> list[str]:
    """The titles found, in order."""
    return [track["record"]["title"] for track in client.get(NAME, q=q, **params)["tracks"]]


def test_ranks(index: Index, client: Client) -> None:
    """Exact, beginning, word, part and typo, then by likes; title, artist and album count."""
    mira, ada = index.actor("mira"), index.actor("ada")
    for title in ("Midnight", "Nihgt", "The Night", "Night Bus", "Night", "Day"):
        index.track(mira, title)
    index.track(mira, "Elsewhere", artist="Night")
    index.track(mira, "Nowhere", album="Night Songs")
    index.like(ada, index.track(mira, "A Night"))
    assert titles(client, "night") == [
        "Night",
        "Night Bus",
        "A Night",
        "The Night",
        "Nowhere",
        "Elsewhere",
        "Midnight",
        "Nihgt",
    ]
    assert titles(client, "NIGHT — songs") == ["Nowhere"]
    assert titles(client, "zzz") == []


@pytest.mark.parametrize(
    ("q", "title"),
    [
        ("tunng", "Tūņņg"),
        ("夜に駆ける", "夜に駆ける"),
        ("駆", "夜に駆ける"),
        ("dont", "Don’t"),
        ("don't", "Don’t"),
        ("ГРОЗА", "Гроза"),
        ("🔥", "🔥"),
        ("!!!", "!!!"),
        ("strasse", "Straße"),
    ],
)
def test_unicode(index: Index, client: Client, q: str, title: str) -> None:
    """Any script is found, typed plainly."""
    mira = index.actor("mira")
    index.track(mira, title)
    index.track(mira, "Something Else")
    assert titles(client, q) == [title]


def test_hostile_queries(index: Index, client: Client) -> None:
    """No text is syntax or breaks anything."""
    index.track(index.actor("mira"), "Night")
    for q in ('"' * 100, "\0", "night\0", "night*", "name : night", "(", "\u202enight", "😀" * 100):
        assert titles(client, q) in ([], ["Night"])
    assert titles(client, "a OR night") == []
    assert titles(client, "night NOT night") == []


def test_bounds(client: Client) -> None:
    """One to a hundred characters."""
    assert client.refused(NAME) == "InvalidRequest"
    assert client.refused(NAME, q="") == "InvalidRequest"
    assert client.refused(NAME, q="a" * 101) == "InvalidRequest"
    assert client.refused(NAME, q="a", limit=101) == "InvalidRequest"
    assert client.refused(NAME, q="a", cursor="nonsense") == "InvalidRequest"
    assert client.get(NAME, q="é" * 100) == {"tracks": []}


def test_what_is_pasted_comes_first(index: Index, client: Client) -> None:
    """A track's URI or page, an album's page, an artist's handle, DID or page."""
    mira, ada = index.actor("mira"), index.actor("ada")
    one = index.track(mira, "One", album="Night Bus")
    index.track(mira, "Two", album="Night Bus")
    index.track(mira, "Three")
    index.track(ada, "By mira test")
    for q in (one, one.replace(mira, "mira.test"), f"https://plyr.fm/at/{one[5:]}"):
        assert titles(client, q)[0] == "One"
    assert titles(client, "https://plyr.fm/u/mira.test/album/night-bus") == ["One", "Two"]
    for q in ("mira.test", "@mira.test", f"https://plyr.fm/u/{mira}"):
        assert titles(client, q)[:3] == ["Three", "Two", "One"]
    assert titles(client, "mira.test")[3:] == ["By mira test"]
    index.status(mira, active=False)
    assert titles(client, "mira.test") == ["By mira test"]
    assert titles(client, one) == []


def test_hidden_and_deleted(index: Index, client: Client) -> None:
    """What is hidden, renamed or deleted is gone from the next answer, and from later pages."""
    mira, ada = index.actor("mira"), index.actor("ada")
    gone = index.track(mira, "Night one")
    index.track(mira, "Night two")
    index.track(ada, "Night three")
    first = client.get(NAME, q="night", limit=1)
    index.delete(gone)
    assert titles(client, "night") == ["Night three", "Night two"]
    index.status(ada, active=False)
    assert titles(client, "night") == ["Night two"]
    rest = client.get(NAME, q="night", cursor=first["cursor"])["tracks"]
    assert [track["record"]["title"] for track in rest] == ["Night two"]
    index.status(ada, active=True)
    assert titles(client, "night") == ["Night three", "Night two"]


def test_labelled(index: Index, client: Client) -> None:
    """Copyright is left out for all, adult content for all but its owner and who asks for it."""
    mira, ada = index.actor("mira"), index.actor("ada")
    adult, claimed = index.track(mira, "Night one"), index.track(mira, "Night two")
    index.label(adult, "sexual")
    index.label(claimed, "copyright-violation")
    assert titles(client, "night", includeAdult="true") == []
    client.viewer = ada
    assert titles(client, "night") == []
    assert titles(client, "night", includeAdult="true") == ["Night one"]
    client.viewer = mira
    assert titles(client, "night") == ["Night one"]


def test_pages(index: Index, client: Client) -> None:
    """Pages are one ranking, whatever is published or liked meanwhile."""
    mira = index.actor("mira")
    tracks = [index.track(mira, f"Night {number}") for number in range(8)]
    fans = iter(range(1_000))

    def write() -> None:
        index.track(mira, "Night")
        for track in tracks[:2]:
            index.like(index.actor(f"fan{next(fans)}"), track)

    found = check_paging(client, NAME, "tracks", write, q="night")
    assert {track["uri"] for track in found} >= set(tracks)


def test_a_ranking_expires(index: Index, client: Client) -> None:
    """A cursor is good for some minutes, for its own query, and is refused by name after that."""
    mira = index.actor("mira")
    for number in range(3):
        index.track(mira, f"Night {number}")
    cursor = client.get(NAME, q="night", limit=1)["cursor"]
    assert client.refused(NAME, q="nights", cursor=cursor) == "CursorExpired"
    client.now += LIFETIME
    assert client.refused(NAME, q="night", cursor=cursor) == "CursorExpired"


def test_viewer(index: Index, client: Client) -> None:
    """A known account sees its own likes."""
    mira = index.actor("mira")
    like = index.like(mira, index.track(mira, "Night"))
    assert "viewer" not in client.get(NAME, q="night")["tracks"][0]
    client.viewer = mira
    assert client.get(NAME, q="night")["tracks"][0]["viewer"] == {"like": like}


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of fifty takes as many statements as a page of one."""
    mira = index.actor("mira")
    for number in range(50):
        index.track(mira, f"Night {number}")
    fifty = client.statements(NAME, q="night", limit=50)
    assert len(fifty) == len(client.statements(NAME, q="night", limit=1)) <= 24
