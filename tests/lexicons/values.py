"""Hypothesis strategies: values of the data model, and sound records with a few fields spoilt."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

from atp.cbor import Value
from atp.cid import Cid
from tests.lexicons.examples import BLOB_CID, DID, RECORD_CID, RECORDS, SUBJECT, sound

_TEXTS = [
    "",
    "a",
    "a" * 256,
    "a" * 257,
    "é" * 128,
    "é" * 129,
    "é" * 257,
    "🇩🇪" * 32,
    "🇩🇪" * 33,
    "e\u0301" * 64,
    "e\u0301" * 65,
    "👩‍👩‍👦‍👦" * 64,
    "x" * 5_001,
    DID,
    SUBJECT["uri"],
    RECORD_CID,
    "handle.invalid",
    "https://example.com/a.mp3",
    "2026-02-30T00:00:00Z",
    "2026-02-28T00:00:00Z",
    "com.atproto.label.defs#selfLabels",
    "com.example.other",
    "blob",
    "image/png",
    "audio/mpeg",
]
_BLOBS: list[Value] = [
    {"$type": "blob", "ref": Cid.parse(BLOB_CID), "mimeType": "audio/ogg", "size": 0},
    {"$type": "blob", "ref": Cid.parse(RECORD_CID), "mimeType": "video/mp4", "size": 1},
    {"$type": "blob", "ref": Cid.parse(BLOB_CID), "mimeType": "audio/ogg", "size": 104_857_601},
    {"$type": "blob", "ref": BLOB_CID, "mimeType": "audio/ogg", "size": 1},
    {"cid": BLOB_CID, "mimeType": "audio/ogg"},
    {"cid": BLOB_CID, "mimeType": ""},
    {"cid": "?", "mimeType": "audio/ogg"},
    {"cid": BLOB_CID, "mimeType": "audio/ogg", "size": 1},
]

values: st.SearchStrategy[Value] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from(_TEXTS)
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.just(Cid.parse(RECORD_CID))
    | st.sampled_from(_BLOBS).map(copy.deepcopy),
    lambda inner: (
        st.lists(inner, max_size=12)
        | st.dictionaries(
            st.sampled_from(["$type", "did", "handle", "displayName", "uri", "cid", "val"])
            | st.text(min_size=1, max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
"""Any value, with a taste for what schemas care about."""


@st.composite
def spoilt_records(draw: st.DrawFn) -> tuple[str, Value]:
    """A collection and a record of it in which up to three fields, at any depth, are another."""
    collection = draw(st.sampled_from(sorted(RECORDS)))
    record: Value = copy.deepcopy(sound(collection))
    for _ in range(draw(st.integers(0, 3))):
        places = list(_places(record))
        container, step = places[draw(st.integers(0, len(places) - 1))]
        if draw(st.booleans()):
            container[step] = draw(values)
        else:
            del container[step]
    return collection, record


def _places(value: Value) -> Iterator[tuple[Any, str | int]]:
    """Every place within a value: the object or array, and the key or index in it."""
    steps: Iterable[str | int] = ()
    if isinstance(value, dict):
        steps = value
    elif isinstance(value, list):
        steps = range(len(value))
    for step in steps:
        yield value, step
        yield from _places(value[step])  # type: ignore[index]
