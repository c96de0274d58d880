"""Reads of what was touched, and of when labels end."""

from __future__ import annotations

from appview.cursor import FIRST, LAST
from appview.store_touched import (
    Touch,
    labels_stand,
    may_be_listed,
    newest,
    newest_tracks,
    touched,
)
from atp.syntax import Datetime
from tests.appview.client import Client
from tests.appview.index import Index


def test_what_was_touched(index: Index, client: Client) -> None:
    """Rows after a number, in order and without gaps; accounts by DID, counters by record."""
    alice = index.actor("alice")
    index.track(alice)
    first = newest(client.store)
    record = index.conn.execute("SELECT record FROM tracks").get
    index.conn.execute("UPDATE counters SET likes = 5 WHERE record = ?", (record,))
    index.conn.execute("UPDATE actors SET handle = 'other.test'")
    assert touched(client.store, first, 9) == [
        Touch(first + 1, record, None),
        Touch(first + 2, None, alice),
    ]
    assert touched(client.store, first, 1) == [Touch(first + 1, record, None)]
    assert newest(client.store) == first + 2


def test_when_labels_end(index: Index, client: Client) -> None:
    """The ends around a moment; each belongs to the time after it."""
    assert labels_stand(client.store, 5) == range(FIRST.key, LAST.key)
    alice = index.actor("alice")
    ends = [index.clock + seconds * 1_000_000 for seconds in (10, 20)]
    for val, end in zip(("a", "b"), ends, strict=True):
        index.label(alice, val, exp=Datetime.from_micros(end))
    assert labels_stand(client.store, ends[0]) == range(*ends)
    assert labels_stand(client.store, ends[0] - 1) == range(FIRST.key, ends[0])
    assert labels_stand(client.store, ends[1]) == range(ends[1], LAST.key)


def test_walks(index: Index, client: Client) -> None:
    """All tracks, newest first, also hidden ones, which are listed nowhere."""
    alice, bob = index.actor("alice"), index.actor("bob")
    for did in (alice, bob, alice):
        index.track(did)
    index.status(bob, active=False)
    keys = [key for (key,) in index.conn.execute("SELECT record FROM tracks ORDER BY record DESC")]
    assert newest_tracks(client.store, None, LAST, 9) == keys
    actor = index.conn.execute("SELECT id FROM actors WHERE did = ?", (alice,)).get
    assert newest_tracks(client.store, actor, LAST, 9) == [keys[0], keys[2]]
    given = '{"now": 0, "viewer": null, "adult": false}'
    assert may_be_listed(client.store, [*keys, 99], given, given) == {
        keys[0]: (True, True),
        keys[1]: (False, False),
        keys[2]: (True, True),
    }
