"""``actor.searchActors``."""

from __future__ import annotations

from typing import Any

from tests.appview.client import Client
from tests.appview.index import Index

NAME = "actor.searchActors"


def found(client: Client, q: str, **params: Any) -> list[str]:
    """The handles found, in order."""
    return [actor["handle"] for actor in client.get(NAME, q=q, **params)["actors"]]


def people(index: Index) -> None:
    """Some accounts that hold something."""
    for name, display_name, tracks in (
        ("mira", "Mira Sole", 1),
        ("miranda", "Someone", 2),
        ("ada", "Mira", 3),
        ("kenji", None, 4),
    ):
        did = index.actor(name)
        if display_name:
            index.bsky_profile(did, displayName=display_name)
        for _ in range(tracks):
            index.track(did)


def test_ranks(index: Index, client: Client) -> None:
    """Display name, then handle and bio, whole words before beginnings; artists with most first."""
    people(index)
    index.profile(index.actor("bea"), bio="listens to Mira and others")
    index.track(index.actor("bea"))
    assert found(client, "mira") == ["ada.test", "mira.test", "bea.test", "miranda.test"]
    assert found(client, "kenji") == ["kenji.test"]
    assert found(client, "miar")[0] == "ada.test"


def test_what_is_pasted_comes_first(index: Index, client: Client) -> None:
    """A handle, a DID, a page, and the author of a record or album."""
    people(index)
    mira = index.actor("mira")
    track = index.track(mira)
    bare = index.actor("bare", "handle.invalid")
    index.track(bare)
    for q in ("mira.test", mira, track, "https://plyr.fm/u/mira.test/album/any"):
        assert found(client, q)[0] == "mira.test"
    assert found(client, bare) == ["handle.invalid"]


def test_follows_handles_and_profiles(index: Index, client: Client) -> None:
    """A renamed account is found by its new name only."""
    people(index)
    index.actor("kenji", "taro.test")
    assert found(client, "kenji") == []
    assert found(client, "taro") == ["taro.test"]


def test_hidden(index: Index, client: Client) -> None:
    """Hidden accounts, and those that hold nothing, are not found."""
    people(index)
    index.actor("mirabelle")
    index.status(index.actor("ada"), active=False)
    assert found(client, "mira") == ["mira.test", "miranda.test"]
    assert found(client, "ada.test") == []


def test_labelled(index: Index, client: Client) -> None:
    """An account that is labelled as hidden is not listed."""
    people(index)
    index.label(index.actor("ada"), "!hide")
    assert found(client, "mira") == ["mira.test", "miranda.test"]


def test_pages(index: Index, client: Client) -> None:
    """Pages are one ranking."""
    for number in range(6):
        index.track(index.actor(f"mira{number}"))

    def write() -> None:
        index.track(index.actor("mira1"))

    actors = [{"uri": actor["did"]} for actor in client.get(NAME, q="mira", limit=100)["actors"]]
    assert len(actors) == 6
    met: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get(NAME, q="mira", limit=2, **cursor)
        met += [actor["did"] for actor in page["actors"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
        write()
    assert met == [actor["uri"] for actor in actors]


def test_bounds(client: Client) -> None:
    """One to a hundred characters; of nobody, nothing is found."""
    assert client.refused(NAME, q="") == client.refused(NAME, q="a" * 101) == "InvalidRequest"
    assert client.get(NAME, q="mira") == {"actors": []}
