"""``graph.searchLists``."""

from __future__ import annotations

from typing import Any

from tests.appview.client import Client
from tests.appview.index import Index
from tests.appview.paging import check_paging

NAME = "graph.searchLists"


def names(client: Client, q: str, **params: Any) -> list[str]:
    """The names found, in order."""
    return [found.get("name", "") for found in client.get(NAME, q=q, **params)["lists"]]


def test_ranks(index: Index, client: Client) -> None:
    """Exact, beginning, word, part and typo."""
    mira = index.actor("mira")
    for name in ("Midnight", "Nihgt", "Late Night", "Night Bus", "Night", "Day"):
        index.list_(mira, [], name=name, listType="playlist")
    assert names(client, "night") == ["Night", "Night Bus", "Late Night", "Midnight", "Nihgt"]
    assert names(client, "zzz") == []


def test_what_is_pasted_comes_first(index: Index, client: Client) -> None:
    """A list's URI or page, an album's page, its author's handle or DID; also one without a name."""
    mira = index.actor("mira")
    album = index.list_(mira, [], name="Night Bus", listType="album")
    nameless = index.list_(mira, [])
    for q in (
        album,
        f"https://plyr.fm/at/{album[5:]}",
        "https://plyr.fm/u/mira.test/album/night-bus",
    ):
        assert names(client, q)[0] == "Night Bus"
    assert names(client, nameless) == [""]
    assert names(client, "mira.test") == ["", "Night Bus"]


def test_hidden_and_labelled(index: Index, client: Client) -> None:
    """What is hidden, deleted or labelled so is not found."""
    mira, ada = index.actor("mira"), index.actor("ada")
    index.list_(mira, [], name="Night one")
    gone, labelled = (
        index.list_(ada, [], name="Night two"),
        index.list_(ada, [], name="Night three"),
    )
    index.delete(gone)
    index.label(labelled, "!hide")
    assert names(client, "night") == ["Night one"]
    index.status(mira, active=False)
    assert names(client, "night") == []


def test_pages(index: Index, client: Client) -> None:
    """Pages are one ranking, whatever is written meanwhile."""
    mira = index.actor("mira")
    for number in range(8):
        index.list_(mira, [], name=f"Night {number}")

    def write() -> None:
        index.list_(mira, [], name="Night")

    check_paging(client, NAME, "lists", write, q="night")


def test_bounds(client: Client) -> None:
    """One to a hundred characters."""
    assert client.refused(NAME, q="") == client.refused(NAME, q="a" * 101) == "InvalidRequest"
    assert client.get(NAME, q="night") == {"lists": []}
