"""Rows made by hand, for tests of what is pure."""

from __future__ import annotations

from typing import Any

from appview.state import Actor, Record, State, Track
from atp import cbor, data
from atp.cid import Cid
from atp.syntax import AtUri, Did, Handle, Nsid, RecordKey
from tests.appview.index import NAMES, START

ALICE = Did("did:web:alice.test")
BOB = Did("did:web:bob.test")
CREATED = "2025-12-31T23:00:00.123456Z"


def actor(did: Did, *, active: bool = True, **fields: Any) -> Actor:
    """An account."""
    blank = dict.fromkeys(("display_name", "avatar", "avatar_cid", "bio"))
    counts = dict.fromkeys(("tracks", "likes", "comments", "lists"), 1)
    handle = Handle(did.removeprefix("did:web:"))
    return Actor(did=did, handle=handle, active=active, **{**blank, **counts, **fields})


def record(nsid: Nsid, author: Did = ALICE, **fields: Any) -> Record:
    """A record first seen at START."""
    value = data.record_from_json({"$type": str(nsid), "createdAt": CREATED, **fields})
    cid = Cid.for_cbor(cbor.encode(value))
    return Record(AtUri.of(author, nsid, RecordKey("3kaaaaaaaaaaa")), cid, author, value, START)


def track(author: Did = ALICE, **fields: Any) -> Track:
    """A track with three likes, two comments and one list."""
    base = record(NAMES.track, author, title="T", artist="A", fileType="mp3", **fields)
    return Track(
        base.uri, base.cid, author, base.value, START, START - 1, likes=3, comments=2, lists=1
    )


def state(*actors: Actor, **rows: Any) -> State:
    """A state of these accounts and rows; any other account is absent."""
    known = dict.fromkeys((ALICE, BOB)) | {one.did: one for one in actors}
    nothing: dict[str, Any] = {"tracks": {}, "comments": {}, "likes": {}, "lists": {}}
    return State(**{**nothing, **rows}, actors=known)
