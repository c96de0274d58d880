"""``actor.getProfiles``."""

from __future__ import annotations

from tests.appview.client import Client
from tests.appview.index import LABELER, Index


def test_in_the_order_asked(index: Index, client: Client) -> None:
    """By DID or handle, each account once, those that are not shown left out."""
    alice, bob, eve = (index.actor(name) for name in ("alice", "bob", "eve"))
    for did in (alice, bob, eve):
        index.track(did)
    index.bsky_profile(bob, displayName="Bøb 🎵")
    idle = index.actor("idle")
    index.status(eve, active=False)
    names = [bob, "nobody.test", "alice.test", eve, "did:plc:nobody", idle, alice, "BOB.test"]
    found = client.get("actor.getProfiles", actors=names)["profiles"]
    assert [one["did"] for one in found] == [bob, alice]
    assert (found[0]["displayName"], found[0]["trackCount"]) == ("Bøb 🎵", 1)
    assert found[1] == client.get("actor.getProfile", actor=alice)


def test_limits(index: Index, client: Client) -> None:
    """Up to 25 are answered, of which none need be known; more, none, or no names are refused."""
    dids = [f"did:web:a{number}.test" for number in range(26)]
    assert client.get("actor.getProfiles", actors=dids[:25]) == {"profiles": []}
    for actors in (dids, [], ["not a name"]):
        assert client.refused("actor.getProfiles", actors=actors) == "InvalidRequest"
    index.track(index.actor("a1"))
    assert len(client.get("actor.getProfiles", actors=dids[:25])["profiles"]) == 1


def test_what_a_labeler_takes_down(index: Index, client: Client) -> None:
    """An account that a labeler removes is left out for who lets it."""
    alice = index.actor("alice")
    index.track(alice)
    index.label(alice, "!takedown")
    client.labelers.append(LABELER)
    client.headers = {b"atproto-accept-labelers": LABELER.encode()}
    assert len(client.get("actor.getProfiles", actors=[alice])["profiles"]) == 1
    client.headers = {b"atproto-accept-labelers": f"{LABELER};redact".encode()}
    assert client.get("actor.getProfiles", actors=[alice]) == {"profiles": []}


def test_statements_do_not_grow_with_the_page(index: Index, client: Client) -> None:
    """Twenty accounts take as many statements as one."""
    for number in range(20):
        index.track(index.actor(f"a{number}"))
    names = [f"a{number}.test" for number in range(20)]
    many = client.statements("actor.getProfiles", actors=names)
    assert len(many) == len(client.statements("actor.getProfiles", actors=names[:1])) <= 7
