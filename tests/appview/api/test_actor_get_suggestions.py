"""``actor.getSuggestions``."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Any

from appview.api.actor_get_suggestions import PERIOD
from atp.syntax import AtUri, Did
from tests.appview.client import Client
from tests.appview.index import Index


def dids(client: Client, **params: Any) -> list[Did]:
    """Who is suggested, best first."""
    client.now = max(client.now, PERIOD)
    return [one["did"] for one in client.get("actor.getSuggestions", **params)["actors"]]


def test_by_recent_fans_then_by_newest_track(index: Index, client: Client) -> None:
    """Accounts count, not likes; own likes do not; artists nobody likes follow, newest first."""
    alice, bob, cat, dan, fan = (
        index.actor(name) for name in ("alice", "bob", "cat", "dan", "fan")
    )
    first = index.track(alice)
    second, third = index.track(bob), index.track(bob)
    index.track(cat)
    fourth = index.track(dan)
    index.like(fan, second)
    index.like(fan, third)
    for who in (fan, cat):
        index.like(who, first)
    index.like(dan, fourth)
    client.now = index.clock
    found = client.get("actor.getSuggestions")["actors"]
    assert [one["did"] for one in found] == [alice, bob, dan, cat]
    assert (found[0]["handle"], found[0]["trackCount"]) == ("alice.test", 1)


def test_not_whom_the_viewer_likes(index: Index, client: Client) -> None:
    """Neither those of whom it likes a track already, ever, nor the viewer itself."""
    alice, bob, cat = (index.actor(name) for name in ("alice", "bob", "cat"))
    track = index.track(alice)
    index.track(bob)
    index.track(cat)
    index.like(bob, track, createdAt="2020-01-01T00:00:00Z")
    client.now = index.clock
    client.viewer = bob
    assert dids(client) == [cat]
    client.viewer = Did("did:plc:stranger")
    assert set(dids(client)) == {alice, bob, cat}


def test_likes_of_long_ago_do_not_count(index: Index, client: Client) -> None:
    """Only what was given in the last thirty days makes a rank."""
    alice, bob, fan = (index.actor(name) for name in ("alice", "bob", "fan"))
    old = index.track(alice)
    new = index.track(bob)
    for number in range(3):
        index.like(index.actor(f"fan{number}"), old)
    index.clock += PERIOD
    index.like(fan, new)
    client.now = index.clock
    assert dids(client) == [bob, alice]


def test_as_an_obvious_count_ranks(index: Index, client: Client) -> None:
    """The order is that of distinct fans, whatever the likes."""
    random = Random(1)
    fans = [index.actor(f"fan{number}") for number in range(6)]
    tracks: list[AtUri] = [
        index.track(index.actor(f"artist{number}")) for number in range(8) for _ in range(2)
    ]
    given: dict[str, set[Did]] = defaultdict(set)
    for _ in range(40):
        fan, track = random.choice(fans), random.choice(tracks)
        index.like(fan, track)
        given[track.authority].add(fan)
    client.now = index.clock
    ranks = [len(given[did]) for did in dids(client)]
    assert len(ranks) == 8
    assert ranks == sorted(ranks, reverse=True)


def test_hidden_and_labelled(index: Index, client: Client) -> None:
    """Hidden artists and fans do not count; artists of nothing that may be offered are left out."""
    alice, adult, copied, eve = (index.actor(name) for name in ("alice", "adult", "copied", "eve"))
    index.track(alice)
    index.label(index.track(adult), "porn")
    index.label(index.track(copied), "copyright-violation")
    index.like(eve, index.track(eve))
    index.status(eve, active=False)
    client.now = index.clock
    assert dids(client) == dids(client, includeAdult="true") == [alice]
    client.viewer = Did("did:plc:viewer")
    assert dids(client, includeAdult="true") == [adult, alice]


def test_pages(index: Index, client: Client) -> None:
    """Pages are of one ranking, whatever is liked meanwhile; without it one starts anew."""
    for number in range(7):
        index.track(index.actor(f"artist{number}"))
    client.now = index.clock
    whole = dids(client)
    for limit in (1, 2, 3, 7):
        met: list[Did] = []
        cursor: dict[str, str] = {}
        while True:
            page = client.get("actor.getSuggestions", limit=limit, **cursor)
            met += [one["did"] for one in page["actors"]]
            index.like(index.actor("fan"), index.track(Did("did:web:artist0.test")))
            if "cursor" not in page:
                break
            assert len(page["actors"]) == limit
            cursor = {"cursor": page["cursor"]}
        assert met == whole
    cursor = {"cursor": client.get("actor.getSuggestions", limit=1)["cursor"]}
    client.now += PERIOD
    assert client.refused("actor.getSuggestions", **cursor) == "CursorExpired"
    assert client.refused("actor.getSuggestions", cursor="x") == "InvalidRequest"


def test_an_empty_index(client: Client) -> None:
    """Nobody is suggested where there is nobody."""
    assert client.get("actor.getSuggestions") == {"actors": []}
