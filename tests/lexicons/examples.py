"""Sound records of each collection, as JSON, and schema documents made for one test."""

from __future__ import annotations

from collections.abc import Mapping

from atp.cbor import Value
from atp.data import record_from_json
from lexicons.checks import make_check
from lexicons.document import read_document
from lexicons.scalars import Check
from lexicons.schema import Object

TID = "3m5a4wg7i352p"
DID = "did:plc:xbtmt2zjwlrfegqvch7fboei"
BLOB_CID = "bafkreifnvhfnyy7p3ara2gdyv6krztsd26luv2mi45j7hw3sreq7xjpd24"
RECORD_CID = "bafyreig2aotx4pgpwqxotzm7i3vgyalrdfemsqr6ukdpmqrhfdvh2mcq5i"

BLOB = {
    "$type": "blob",
    "ref": {"$link": BLOB_CID},
    "mimeType": "audio/vnd.wave",
    "size": 12_760_890,
}
SUBJECT = {"uri": f"at://{DID}/fm.plyr.track/{TID}", "cid": RECORD_CID}
NOW = "2026-02-27T16:08:13.146107Z"

TRACK = {
    "$type": "fm.plyr.track",
    "title": "tūnņg – 7/4",
    "artist": "plyr.fm",
    "album": "2026",
    "audioUrl": "https://audio.plyr.fm/audio/ada9cadc63efd822.wav",
    "audioBlob": BLOB,
    "fileType": "wav",
    "duration": 265,
    "features": [{"did": DID, "handle": "zzstoatzz.io", "displayName": "nate"}],
    "imageUrl": "https://images.plyr.fm/images/b9deb36a0475b377.png",
    "description": "first take",
    "supportGate": {"type": "any"},
    "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "sexual"}]},
    "fileId": "ada9cadc63efd822",
    "createdAt": NOW,
}
LIKE = {"$type": "fm.plyr.like", "subject": SUBJECT, "createdAt": NOW}
COMMENT = {
    "$type": "fm.plyr.comment",
    "subject": SUBJECT,
    "text": "this drop is unreal 🎧",
    "timestampMs": 45_000,
    "createdAt": NOW,
    "updatedAt": NOW,
}
LIST = {
    "$type": "fm.plyr.list",
    "name": "late night ambient",
    "listType": "playlist",
    "items": [{"subject": SUBJECT}, {"subject": SUBJECT}],
    "createdAt": NOW,
    "updatedAt": NOW,
}
PROFILE = {
    "$type": "fm.plyr.actor.profile",
    "avatar": "https://images.plyr.fm/images/589c8ce7032583c7.jpg",
    "bio": "making sounds in the pacific northwest",
    "createdAt": NOW,
    "updatedAt": NOW,
}
RECORDS: Mapping[str, Mapping[str, object]] = {
    str(record["$type"]): record for record in (TRACK, LIKE, COMMENT, LIST, PROFILE)
}


def key_of(collection: str) -> str:
    """A record key that suits the collection."""
    return "self" if collection.endswith(".profile") else TID


def sound(collection: str, **changes: object) -> dict[str, Value]:
    """A sound record with other values in some fields; ``None`` drops the field."""
    record = {**RECORDS[collection], **changes}
    return record_from_json({name: value for name, value in record.items() if value is not None})


def lexicon(main: object, **definitions: object) -> dict[str, object]:
    """A schema document that defines ``main`` and more."""
    return {"lexicon": 1, "id": "com.example.thing", "defs": {"main": main, **definitions}}


def check_of(schema: object) -> Check:
    """The check of a value by a schema without references."""
    document = read_document(lexicon({"type": "object", "properties": {"value": schema}}))
    main = document.definitions["com.example.thing"]
    assert isinstance(main, Object)
    return make_check(main.properties["value"], {})
