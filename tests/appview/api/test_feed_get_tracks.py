"""``feed.getTracks``."""

from __future__ import annotations

from tests.appview.client import Client
from tests.appview.index import Index


def test_keeps_the_order_and_leaves_out_what_is_not_shown(index: Index, client: Client) -> None:
    """Tracks come in the order asked for, each once; the others leave no gap."""
    alice, bob = index.actor("alice"), index.actor("bob")
    one, two, gone, hidden = (index.track(did) for did in (alice, alice, alice, bob))
    index.delete(gone)
    index.status(bob, active=False)
    by_handle = one.replace(alice, "alice.test")
    asked = [two, gone, "at://nobody.test/fm.plyr.track/a", hidden, by_handle, one]
    tracks = client.get("feed.getTracks", uris=asked)["tracks"]
    assert [track["uri"] for track in tracks] == [two, one]


def test_takes_a_hundred(index: Index, client: Client) -> None:
    """A hundred URIs take as many statements as one; one more is refused."""
    alice = index.actor("alice")
    uris = [index.track(alice) for _ in range(101)]
    tracks = client.get("feed.getTracks", uris=uris[:100])["tracks"]
    assert [track["uri"] for track in tracks] == uris[:100]
    assert client.refused("feed.getTracks", uris=uris) == "InvalidRequest"
    many = client.statements("feed.getTracks", uris=uris[:100])
    assert len(many) == len(client.statements("feed.getTracks", uris=uris[:1])) <= 6
