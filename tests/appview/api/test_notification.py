"""``notification.*``: what an account is told, and that it has seen it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from atp.syntax import AtUri, Datetime, RecordKey
from tests.appview.client import Client
from tests.appview.index import NAMES, START, Index
from tests.appview.paging import check_paging

LIST = "notification.listNotifications"
COUNT = "notification.getUnreadCount"
SEEN = "notification.updateSeen"


def see(client: Client, seen_at: str) -> None:
    """Tell that all up to a time is seen."""
    answer = client.procedure(SEEN, {"seenAt": seen_at})
    assert (answer.status, answer.body) == (200, b"")


def told(client: Client) -> list[tuple[str, str]]:
    """Reason and URI of each notification."""
    return [(one["reason"], one["uri"]) for one in client.get(LIST)["notifications"]]


def test_what_others_do(index: Index, client: Client) -> None:
    """Likes, comments, list adds and features, newest first; own acts and hidden ones are not."""
    alice, bob, carol = index.actor("alice"), index.actor("bob"), index.actor("carol")
    one, two = index.track(alice, "Łódź"), index.track(alice)
    like = index.like(bob, one)
    index.like(bob, one)
    comment = index.comment(bob, two, 5, "♥")
    mix = index.list_(bob, [two, one, index.track(bob)], name="mix")
    feature = index.track(bob, "duet", features=[{"did": alice}])
    index.like(alice, one)
    index.like(carol, one)
    index.status(carol, active=False)
    client.viewer = alice
    client.now = index.clock
    found = client.get(LIST)["notifications"]
    assert [(each["reason"], each["uri"]) for each in found] == [
        ("feature", feature), ("list", mix), ("comment", comment), ("like", like),
    ]  # fmt: skip
    assert all(each["author"]["did"] == bob for each in found)
    assert [each["track"]["uri"] for each in found] == [feature, one, two, one]
    assert found[1]["list"]["name"] == "mix"
    assert found[2]["comment"]["text"] == "♥"
    assert not any(each["isRead"] for each in found)
    assert client.get(COUNT) == {"count": 4}
    client.viewer = bob
    assert told(client) == []


def test_seen(index: Index, client: Client) -> None:
    """What was seen stays seen; a time to come counts as now, an earlier one changes nothing."""
    alice, bob = index.actor("alice"), index.actor("bob")
    track = index.track(alice)
    index.comment(bob, track)
    first = index.clock
    index.comment(bob, track)
    client.viewer, client.now = alice, index.clock
    see(client, Datetime.from_micros(first))
    assert [one["isRead"] for one in client.get(LIST)["notifications"]] == [False, True]
    assert client.get(LIST)["seenAt"] == Datetime.from_micros(first)
    assert client.get(COUNT) == {"count": 1}
    see(client, "2999-01-01T00:00:00Z")
    see(client, Datetime.from_micros(first))
    assert client.get(COUNT) == {"count": 0}
    assert client.get(LIST)["seenAt"] == Datetime.from_micros(client.now)
    index.comment(bob, track)
    assert client.get(COUNT) == {"count": 1}
    client.viewer = bob
    assert "seenAt" not in client.get(LIST)


def test_a_track_that_arrives_late_finds_them_waiting(index: Index, client: Client) -> None:
    """What came before the track is told with it, and not before."""
    alice, bob = index.actor("alice"), index.actor("bob")
    track = AtUri.of(alice, NAMES.track, RecordKey("3kaaaaaaaaaaa"))
    like = index.like(bob, track)
    client.viewer = alice
    assert (told(client), client.get(COUNT)) == ([], {"count": 0})
    fields = {"title": "t", "artist": "a", "fileType": "mp3"}
    index.write(alice, NAMES.track, fields, "3kaaaaaaaaaaa")
    assert (told(client), client.get(COUNT)) == ([("like", like)], {"count": 1})
    index.delete(like)
    assert (told(client), client.get(COUNT)) == ([], {"count": 0})


def test_pages(index: Index, client: Client) -> None:
    """Pages hold together with ties in time while more comes."""
    alice, bob = index.actor("alice"), index.actor("bob")
    track = index.track(alice)
    when = {"createdAt": "2020-01-01T00:00:00Z"}
    for number in range(6):
        index.comment(bob, track, number, **when)

    def write() -> None:
        index.comment(bob, track, 0, **when)
        index.comment(bob, track)

    client.viewer = alice
    check_paging(client, LIST, "notifications", write)


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """A page of thirty takes as many statements as a page of one."""
    alice = index.actor("alice")
    track = index.track(alice)
    for number in range(30):
        index.like(index.actor(f"fan{number}"), track)
    client.viewer = alice
    many = client.statements(LIST, limit=30)
    assert len(many) == len(client.statements(LIST, limit=1)) <= 10


@pytest.mark.parametrize("name", [LIST, COUNT])
def test_nobody_is_told_nothing(client: Client, name: str) -> None:
    """Who asks has to be known."""
    answer = client.call(name)
    assert (answer.status, orjson.loads(answer.body)["error"]) == (401, "AuthMissing")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_seen_by_nobody(index: Index, client: Client) -> None:
    """Nobody has seen anything, and of an account that nobody ever named nothing is kept."""
    body = {"seenAt": Datetime.from_micros(START)}
    assert client.procedure(SEEN, body).status == 401
    client.viewer = index.actor("alice")
    wrong: list[Any] = [{}, {"seenAt": "now"}, [], {"seenAt": 1}]
    for one in wrong:
        assert client.procedure(SEEN, one).status == 400
    client.viewer = type(client.viewer)("did:web:stranger.test")
    see(client, body["seenAt"])
    assert client.private.seen_at(client.viewer) is None
    assert client.get(LIST) == {"notifications": []}
