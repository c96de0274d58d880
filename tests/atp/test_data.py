"""The data model in JSON, against the interop files."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp import cbor, data
from atp.cid import Cid
from atp.data import BlobRef
from atp.errors import DataError
from tests.atp.test_cbor import SCALARS, plain

CID = Cid.for_raw(b"")
BLOB = {"$type": "blob", "ref": {"$link": str(CID)}, "mimeType": "audio/mpeg", "size": 0}
KEYS = st.text(min_size=1).filter(lambda key: not key.startswith("$"))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.sampled_from(["$link", "$bytes", "$type"]), inner)
    ),
)


def read(vectors: Path, name: str) -> list[Any]:
    """The cases of a data-model file."""
    path = vectors / "atproto-interop-tests/data-model" / name
    cases: list[Any] = json.loads(path.read_text(encoding="utf-8"))
    assert cases
    return cases


def test_fixtures(vectors: Path) -> None:
    """JSON and CBOR of the same record turn into one another."""
    for case in read(vectors, "data-model-fixtures.json"):
        record = data.record_from_json(case["json"])
        encoded = cbor.encode(record)
        assert encoded == b64decode(case["cbor_base64"] + "==")
        assert data.to_json(cbor.decode(encoded)) == case["json"]


def test_valid(vectors: Path) -> None:
    """Every valid record is read and can be encoded."""
    for case in read(vectors, "data-model-valid.json"):
        record = data.record_from_json(case["json"])
        assert cbor.decode(cbor.encode(record)) == record == case["json"]


def test_invalid(vectors: Path) -> None:
    """Every invalid record is refused."""
    for case in read(vectors, "data-model-invalid.json"):
        with pytest.raises(DataError):
            data.record_from_json(case["json"])


@given(VALUES)
def test_round_trip(value: cbor.Value) -> None:
    """A value survives being written as JSON text and read again, with the same types."""
    assert plain(data.from_json(json.loads(json.dumps(data.to_json(value))))) == plain(value)


@given(JSON)
def test_any_json(value: Any) -> None:
    """Any JSON is either refused with our error or can be encoded."""
    try:
        read_value = data.from_json(value)
    except DataError:
        return
    cbor.encode(read_value)


@pytest.mark.parametrize(
    "value",
    [
        123.5,
        float("nan"),
        float("inf"),
        1e300,
        2**63,
        "\ud800",
        {"": 1},
        {"\ud800": 1},
        {"$type": ""},
        {"$type": None},
        {"$link": str(CID), "x": 1},
        {"$link": "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR"},
        {"$bytes": "a"},
        {"$bytes": "-_"},
        {"$bytes": "YQ=!"},
        {"$bytes": "é"},
        (1,),
    ],
)
def test_refused(value: Any) -> None:
    """What no record may hold is refused at any depth."""
    for holder in (value, [value], {"a": value}):
        with pytest.raises(DataError):
            data.from_json(holder)


@pytest.mark.parametrize(
    ("text", "raw"), [("", b""), ("YQ", b"a"), ("YQ==", b"a"), ("123", b"\xd7m"), ("+/", b"\xfb")]
)
def test_bytes(text: str, raw: bytes) -> None:
    """Base64 is read with padding or without and whatever its spare bits; it is written bare."""
    assert data.from_json({"$bytes": text}) == raw
    assert data.from_json(data.to_json(raw)) == raw
    assert "=" not in str(data.to_json(raw))


def test_whole_floats_are_integers() -> None:
    """JSON does not tell 123.0 from 123, so neither do we; a boolean is neither."""
    assert plain(data.from_json([123.0, -0.0, True])) == plain([123, 0, True])


def test_depth() -> None:
    """Nesting is bounded as in CBOR."""
    value: Any = None
    for _ in range(cbor.MAX_DEPTH):
        value = [value]
    assert data.from_json(value) == value
    for deep in ([value], {"a": value}):
        with pytest.raises(DataError, match="deeper"):
            data.from_json(deep)


def test_unknown_keys_pass() -> None:
    """Fields nobody knows are kept both ways, those that begin with a dollar sign too."""
    value = {"$what": 1, "other": {"$type": "x.y.z#w"}}
    assert data.to_json(data.from_json(value)) == value


def test_blob_refs() -> None:
    """All blobs of a record are found, in the order of its fields, and read back as they were."""
    other = {**BLOB, "size": 7, "mimeType": "image/png"}
    record = data.from_json({"a": BLOB, "b": [{"c": other}], "d": "blob"})
    assert data.blob_refs(record) == [BlobRef(CID, "audio/mpeg", 0), BlobRef(CID, "image/png", 7)]
    assert data.to_json(record) == {"a": BLOB, "b": [{"c": other}], "d": "blob"}


@pytest.mark.parametrize(
    "change",
    [{"size": -1}, {"size": True}, {"size": "1"}, {"mimeType": ""}, {"mimeType": 1}, {"ref": "x"}],
)
def test_malformed_blobs(change: dict[str, Any]) -> None:
    """A malformed blob is refused in JSON, and passed over in a record that came as CBOR."""
    with pytest.raises(DataError, match="blob"):
        data.from_json([{**BLOB, **change}])
    raw: dict[str, Any] = {**BLOB, "ref": CID}
    assert data.blob_refs([{**raw, **change}]) == []
    assert data.blob_refs([raw]) == [BlobRef(CID, "audio/mpeg", 0)]
