"""``server.getStats``."""

from __future__ import annotations

from tests.appview.client import Client
from tests.appview.index import Index


def test_counts_active_accounts(index: Index, client: Client) -> None:
    """Totals cover active accounts only; two likes of one track by one account are one."""
    alice, bob, carol = (index.actor(name) for name in ("alice", "bob", "carol"))
    track = index.track(alice, duration=100)
    index.track(alice, duration=23)
    index.like(bob, track)
    index.like(bob, track)
    index.comment(bob, track)
    index.list_(bob, [track])
    index.track(carol, duration=1000)
    index.status(carol, active=False)
    assert client.get("server.getStats") == {
        "tracks": 2,
        "artists": 1,
        "likes": 1,
        "comments": 1,
        "lists": 1,
        "accounts": 2,
        "durationSeconds": 123,
    }


def test_empty(client: Client) -> None:
    """An empty index counts nothing."""
    assert set(client.get("server.getStats").values()) == {0}
