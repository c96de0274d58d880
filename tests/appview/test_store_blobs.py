"""Which files may be served."""

from __future__ import annotations

from typing import Any

from appview.store import Store
from appview.store_blobs import Claim, claim, is_shown
from atp.cid import Cid
from atp.syntax import Datetime
from tests.appview.client import Client
from tests.appview.index import LABELER, Index

CID = Cid.for_raw(b"x")


def blob(mime_type: str = "audio/mpeg", size: int = 1) -> dict[str, Any]:
    """A reference to the file."""
    return {"$type": "blob", "ref": {"$link": str(CID)}, "mimeType": mime_type, "size": size}


def test_a_claim_is_of_the_oldest_record_that_is_there(index: Index, store: Store) -> None:
    """What one account says does not count for another; a deleted record says nothing."""
    alice, bob = index.actor("alice"), index.actor("bob")
    assert claim(store, alice, CID) is None
    first = index.track(alice, audioBlob=blob())
    index.track(alice, audioBlob=blob("audio/wav", 2))
    assert claim(store, alice, CID) == Claim("audio/mpeg", 1)
    assert claim(store, bob, CID) is None
    index.delete(first)
    assert claim(store, alice, CID) == Claim("audio/wav", 2)
    assert is_shown(store, CID)


def test_hidden_accounts_have_no_files(index: Index, store: Store) -> None:
    """As long as nobody else who is shown has the same bytes."""
    alice, bob = index.actor("alice"), index.actor("bob")
    index.track(alice, audioBlob=blob())
    index.status(alice, active=False)
    assert claim(store, alice, CID) is None
    assert not is_shown(store, CID)
    index.bsky_profile(bob, avatar=blob("image/png"))
    assert is_shown(store, CID)
    index.status(alice, active=True)
    assert claim(store, alice, CID) is not None


def test_what_the_operator_takes_down_has_no_files(index: Index, store: Store) -> None:
    """As long as no other record refers to the same bytes; with an end, a label keeps none back."""
    alice, bob = index.actor("alice"), index.actor("bob")
    track = index.track(alice, audioBlob=blob())
    index.label(track, "!takedown")
    assert claim(store, alice, CID) is not None
    index.own(LABELER)
    assert claim(store, alice, CID) is None
    assert not is_shown(store, CID)
    index.track(bob, audioBlob=blob())
    assert is_shown(store, CID)
    index.track(alice, audioBlob=blob("audio/wav", 2))
    assert claim(store, alice, CID) == Claim("audio/wav", 2)
    index.label(track, "!takedown", exp=Datetime("2099-01-01T00:00:00Z"))
    assert claim(store, alice, CID) == Claim("audio/mpeg", 1)
    index.label(track, "!takedown", cid=str(Cid.for_cbor(b"another version")))
    assert claim(store, alice, CID) == Claim("audio/mpeg", 1)
    index.label(track, "!takedown", neg=True)
    assert claim(store, alice, CID) == Claim("audio/mpeg", 1)


def test_looking_walks_an_index(index: Index, client: Client) -> None:
    """However many accounts have however many files."""
    plans = []

    def trace(_cursor: object, sql: str, values: Any) -> bool:
        plans.append((sql, values))
        return True

    client.connection.exec_trace = trace
    claim(client.store, index.actor("alice"), CID)
    is_shown(client.store, CID)
    client.connection.exec_trace = None
    assert len(plans) == 2
    for sql, values in plans:
        for *_, detail in client.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values):
            assert not detail.startswith("SCAN"), detail
