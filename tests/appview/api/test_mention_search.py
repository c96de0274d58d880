"""``parts.page.mention.search``, as Leaflet asks it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from lexicons.methods import method
from lexicons.names import MENTION_SEARCH
from tests.appview.client import CATALOG, Client
from tests.appview.index import Index

SERVICE = "at://did:plc:vs3hnzq2daqbszxlysywzy54/parts.page.mention.service/3miho3xyx3c26"


def ask(client: Client, **params: Any) -> list[dict[str, Any]]:
    """The results, in the shape of the lexicon."""
    query = urlencode({"service": SERVICE, **params}).encode()
    answer = client.page(f"/xrpc/{MENTION_SEARCH}", query)
    assert answer.status == 200, answer.body
    value = orjson.loads(answer.body)
    assert list(method(CATALOG, MENTION_SEARCH).check_output(value)) == []
    results = value["results"]
    assert isinstance(results, list)
    return results


def test_results(index: Index, client: Client) -> None:
    """A track, an artist, an album and a playlist, each with its page, words and frame."""
    mira = index.actor("mira")
    index.bsky_profile(mira, displayName="Night")
    track = index.track(mira, "Night")
    index.list_(mira, [track], name="Night", listType="album")
    playlist = index.list_(mira, [track, track], name="Night", listType="playlist")
    index.list_(mira, [track], name="Night", listType="liked")
    page = f"https://plyr.fm/at/{track[5:]}"
    playlist_page = f"https://plyr.fm/at/{playlist[5:]}"
    assert ask(client, search="night") == [
        {
            "uri": page,
            "name": "Night",
            "href": page,
            "labels": [{"text": "track"}],
            "subscope": {"scope": "tracks", "label": "Tracks"},
            "description": "by Night",
            "embed": {"src": page, "width": 600, "height": 160},
        },
        {
            "uri": "https://plyr.fm/u/mira.test",
            "name": "Night",
            "href": "https://plyr.fm/u/mira.test",
            "labels": [{"text": "artist"}],
            "subscope": {"scope": "artists", "label": "Artists"},
            "description": "@mira.test",
            "embed": {"src": "https://plyr.fm/embed/u/mira.test", "width": 600, "height": 400},
        },
        {
            "uri": "https://plyr.fm/u/mira.test/album/night",
            "name": "Night",
            "href": "https://plyr.fm/u/mira.test/album/night",
            "labels": [{"text": "album"}],
            "subscope": {"scope": "albums", "label": "Albums"},
            "description": "by Night",
            "embed": {
                "src": "https://plyr.fm/embed/album/mira.test/night",
                "width": 600,
                "height": 400,
            },
        },
        {
            "uri": playlist_page,
            "name": "Night",
            "href": playlist_page,
            "labels": [{"text": "playlist"}],
            "subscope": {"scope": "playlists", "label": "Playlists"},
            "description": "by Night · 2 tracks",
            "embed": {"src": playlist_page, "width": 600, "height": 400},
        },
    ]


@pytest.mark.parametrize(
    ("scope", "texts"),
    [
        ("tracks", ["track"]),
        ("artists", ["artist"]),
        ("albums", ["album"]),
        ("playlists", ["playlist"]),
        ("tags", []),
        ("whatever", ["track", "artist", "album", "playlist"]),
    ],
)
def test_scopes(index: Index, client: Client, scope: str, texts: list[str]) -> None:
    """Each scope has its own; one that is unknown stands for all."""
    mira = index.actor("mira")
    index.bsky_profile(mira, displayName="Night")
    index.track(mira, "Night")
    for kind in ("album", "playlist"):
        index.list_(mira, [], name="Night", listType=kind)
    found = ask(client, search="night", scope=scope)
    assert [result["labels"][0]["text"] for result in found] == texts
    assert len(ask(client, search="night", scope=scope, limit=1)) == min(1, len(texts))


def test_better_matches_come_first(index: Index, client: Client) -> None:
    """Whatever they are."""
    mira = index.actor("mira")
    index.track(mira, "A Night Out")
    index.list_(mira, [], name="Night", listType="playlist")
    assert [result["name"] for result in ask(client, search="night")] == ["Night", "A Night Out"]


def test_hidden_and_labelled(index: Index, client: Client) -> None:
    """What searches leave out is not mentioned, and an account without a handle goes by its DID."""
    mira, ada = index.actor("mira"), index.actor("ada", "handle.invalid")
    index.track(mira, "Night one")
    index.label(index.track(ada, "Night two"), "copyright-violation")
    index.bsky_profile(ada, displayName="Nightly")
    (artist, _) = ask(client, search="night")
    assert (artist["uri"], artist["description"]) == (f"https://plyr.fm/u/{ada}", ada)
    index.status(mira, active=False)
    assert ask(client, search="night", scope="tracks") == []


def test_a_single_character_finds_nothing(index: Index, client: Client) -> None:
    """Nothing is looked for before the second character."""
    index.track(index.actor("mira"), "N")
    assert ask(client, search="n") == []


@pytest.mark.parametrize(
    "params",
    [
        {"search": "night"},
        {"service": SERVICE},
        {"service": "nonsense", "search": "night"},
        {"service": SERVICE, "search": ""},
        {"service": SERVICE, "search": "a" * 101},
        {"service": SERVICE, "search": "night", "limit": 51},
    ],
)
def test_bad_parameters(client: Client, params: dict[str, Any]) -> None:
    """Each is refused by name."""
    answer = client.page(f"/xrpc/{MENTION_SEARCH}", urlencode(params).encode())
    assert answer.status == 400
    assert orjson.loads(answer.body)["error"] == "InvalidRequest"
