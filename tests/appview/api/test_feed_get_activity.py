"""``feed.getActivity``."""

from __future__ import annotations

from typing import Any

from atp.syntax import AtUri, Did, RecordKey
from tests.appview.client import Client
from tests.appview.index import NAMES, Index
from tests.appview.paging import check_paging

NAME = "feed.getActivity"


def acts(client: Client, **params: Any) -> list[tuple[str, str]]:
    """Type and URI of each act."""
    return [(act["type"], act["uri"]) for act in client.get(NAME, **params)["activity"]]


def some(index: Index, alice: Did, bob: Did) -> list[tuple[str, str]]:
    """One act of each type, the newest first."""
    track = index.track(alice, "Ätherwellen 🌊")
    like = index.like(bob, track)
    comment = index.comment(bob, track, 1_000, "そう")
    mix = index.list_(alice, [track], name="mix")
    return [("list", mix), ("comment", comment), ("like", like), ("track", track)]


def test_everything_of_everybody_newest_first(index: Index, client: Client) -> None:
    """Each act with what it is about."""
    alice, bob = index.actor("alice"), index.actor("bob")
    expected = some(index, alice, bob)
    activity = client.get(NAME)["activity"]
    assert [(act["type"], act["uri"]) for act in activity] == expected
    mix, comment, like, track = activity
    assert mix["list"]["name"] == "mix"
    assert "track" not in mix
    assert comment["comment"]["text"] == "そう"
    assert comment["author"]["did"] == like["author"]["did"] == bob
    assert comment["track"] == like["track"] == track["track"]
    assert "viewer" not in track["track"]
    client.viewer = bob
    assert client.get(NAME)["activity"][3]["track"]["viewer"] == {"like": expected[2][1]}


def test_of_one_account_and_of_some_types(index: Index, client: Client) -> None:
    """Both narrow it down."""
    alice, bob = index.actor("alice"), index.actor("bob")
    mix, comment, like, track = some(index, alice, bob)
    assert acts(client, actor=alice) == [mix, track]
    assert acts(client, actor="bob.test") == [comment, like]
    assert acts(client, types=["like", "track"]) == [like, track]
    assert acts(client, types="list") == [mix]
    assert acts(client, types=["like", "comment"], actor=alice) == []


def test_what_is_not_shown_is_not_told(index: Index, client: Client) -> None:
    """Acts of hidden accounts, on their tracks, on what has not come, and second likes."""
    alice, bob, carol = index.actor("alice"), index.actor("bob"), index.actor("carol")
    track, hers = index.track(alice), index.track(carol)
    like = index.like(bob, track)
    index.like(bob, track)
    index.like(bob, hers)
    index.comment(bob, hers)
    index.comment(bob, AtUri.of(alice, NAMES.track, RecordKey("3kaaaaaaaaaaa")))
    index.like(carol, track)
    index.list_(carol, [track])
    index.status(carol, active=False)
    assert acts(client) == [("like", like), ("track", track)]


def test_labelled_content(index: Index, client: Client) -> None:
    """Neither a labelled track nor what was done with it is told, but to who asks for it."""
    alice, bob = index.actor("alice"), index.actor("bob")
    expected = some(index, alice, bob)
    track = expected[3][1]
    index.label(track, "nudity")
    assert acts(client) == expected[:1]
    client.viewer = bob
    assert acts(client) == expected[:1]
    assert acts(client, includeAdult="true") == expected
    index.label(track, "copyright-violation")
    assert acts(client, includeAdult="true") == expected[:1]
    index.label(alice, "!hide")
    assert acts(client, includeAdult="true") == []


def test_pages(index: Index, client: Client) -> None:
    """Pages hold together with ties between types while more is done."""
    alice, bob = index.actor("alice"), index.actor("bob")
    when = {"createdAt": "2020-01-01T00:00:00Z"}
    track = index.track(alice, **when)
    index.like(bob, track, **when)
    for number in range(3):
        index.comment(bob, track, number, **when)
    index.list_(alice, [track], **when)

    def write() -> None:
        index.comment(alice, track, 0, **when)
        index.like(alice, track)
        index.track(alice)

    for whose in ({}, {"actor": bob}):
        check_paging(client, NAME, "activity", write, **whose)


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of forty takes as many statements as a page of four."""
    bob = index.actor("bob")
    for number in range(10):
        some(index, index.actor(f"artist{number}"), bob)
    many = client.statements(NAME, limit=40)
    assert len(many) == len(client.statements(NAME, limit=4)) <= 12


def test_each_part_walks_an_index(index: Index, client: Client) -> None:
    """However much there is, each part reads a page; the four pages are sorted, and no more."""
    some(index, index.actor("alice"), index.actor("bob"))
    for whose in ({}, {"actor": "bob.test"}):
        (sql,) = (one for one in client.statements(NAME, **whose) if "UNION ALL" in one)
        values = (None,) * (4 + len(whose))
        plan = [row[3] for row in client.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        walks = [step for step in plan if " l USING " in step]
        assert len(walks) == 4, plan
        assert all("_latest" in step or "_by_actor" in step for step in walks), plan
        assert sum("TEMP B-TREE FOR ORDER BY" in step for step in plan) <= 4, plan


def test_bad_parameters_and_nothing(client: Client) -> None:
    """What the lexicon does not allow is refused; nothing is an empty page."""
    for params in ({"types": "join"}, {"limit": 0}, {"cursor": "x"}, {"actor": "?"}):
        assert client.refused(NAME, **params) == "InvalidRequest", params
    assert client.refused(NAME, actor="did:web:nobody.test") == "ActorNotFound"
    assert client.get(NAME) == {"activity": []}
