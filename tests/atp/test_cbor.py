"""The fast codec, against cbor2, the exact codec and the interop fixtures.

`cbor2` gives an independent definition of DRISL: bytes that it reads, that hold only what the data
model knows, and that its canonical writer gives back.
"""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import cbor2
import libipld
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from atp import cbor, cbor_exact
from atp.cid import CID_BYTES, PREFIXES, Cid
from atp.errors import CborError

CIDS = st.binary().map(Cid.for_cbor) | st.binary().map(Cid.for_raw)
CID_LIKE = CIDS.map(bytes) | CIDS.map(lambda cid: cid + b"x") | CIDS.map(lambda cid: cid[2:])
INTEGERS = st.integers(cbor_exact.INT_MIN, cbor_exact.INT_MAX)
SCALARS = st.none() | st.booleans() | INTEGERS | st.text() | st.binary() | CIDS | CID_LIKE
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
EDITS = st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=3), st.integers(0, 2)))


def plain(value: Any) -> Any:
    """The value in types that tell a link from bytes and a truth from a number."""
    if isinstance(value, Cid):
        return ("link", bytes(value))
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return (type(value), value)


def to_cbor2(value: Any) -> Any:
    """The value as cbor2 writes it: links as tag 42."""
    if isinstance(value, Cid):
        return cbor2.CBORTag(42, b"\x00" + value)
    if isinstance(value, list):
        return [to_cbor2(item) for item in value]
    if isinstance(value, dict):
        return {key: to_cbor2(item) for key, item in value.items()}
    return value


def from_cbor2(value: Any, room: int = cbor.MAX_DEPTH) -> Any:
    """What cbor2 read as `plain` shows it; fails where the data model does not know it."""
    if isinstance(value, cbor2.CBORTag):
        raw = value.value
        assert value.tag == 42
        assert isinstance(raw, bytes)
        assert (len(raw), raw[:1], raw[1:5] in PREFIXES) == (CID_BYTES + 1, b"\x00", True)
        return ("link", raw[1:])
    if isinstance(value, list):
        assert room
        return [from_cbor2(item, room - 1) for item in value]
    if isinstance(value, dict):
        assert room
        assert all(isinstance(key, str) for key in value)
        return {key: from_cbor2(item, room - 1) for key, item in value.items()}
    assert value is None or isinstance(value, bool | str | bytes | int)
    if isinstance(value, int):
        assert cbor_exact.INT_MIN <= value <= cbor_exact.INT_MAX
    return (type(value), value)


def by_cbor2(data: bytes) -> Any:
    """What ``data`` means if it is DRISL, by cbor2 alone; else None."""
    try:
        value = cbor2.loads(data)
        shown = from_cbor2(value)
        canonical = cbor2.dumps(value, canonical=True)
    except (AssertionError, ValueError, EOFError, TypeError, cbor2.CBORError):
        return None
    return [shown] if canonical == data else None


def by_us(data: bytes) -> Any:
    """What ``data`` means by our decoder; None where it refuses."""
    try:
        return [plain(cbor.decode(data))]
    except CborError:
        return None


def test_interop_fixtures(vectors: Path) -> None:
    """The fixtures decode, encode to the same bytes and have the CID they should."""
    path = vectors / "atproto-interop-tests/data-model/data-model-fixtures.json"
    fixtures = json.loads(path.read_text())
    assert fixtures
    for fixture in fixtures:
        data = b64decode(fixture["cbor_base64"] + "==")
        assert cbor.encode(cbor.decode(data)) == data
        assert str(Cid.for_cbor(data)) == fixture["cid"]


def test_real_records(vectors: Path) -> None:
    """Records from the network decode and encode to the same bytes."""
    paths = sorted((vectors / "indigo").rglob("*.cbor"))
    assert paths
    for path in paths:
        data = path.read_bytes()
        assert cbor.encode(cbor.decode_map(data)) == data


@given(VALUES)
def test_round_trip(value: cbor.Value) -> None:
    """What is encoded decodes to the same value of the same types."""
    assert plain(cbor.decode(cbor.encode(value))) == plain(value)


@given(VALUES)
def test_encoding_is_canonical(value: cbor.Value) -> None:
    """Both encoders write what cbor2's canonical writer does."""
    expected = cbor2.dumps(to_cbor2(value), canonical=True)
    assert cbor.encode(value) == cbor_exact.encode(value) == expected


@settings(max_examples=500)
@given(VALUES, EDITS)
def test_edited_encodings(value: cbor.Value, edits: list[tuple[int, bytes, int]]) -> None:
    """On damaged input we, the exact decoder and cbor2 agree on what it means or that it is bad."""
    data = cbor_exact.encode(value)
    for at, put, cut in edits:
        data = data[:at] + put + data[at + cut :]
    assert by_us(data) == by_cbor2(data)


@settings(max_examples=500)
@given(st.binary(max_size=40))
@example(b"\x82\x01")
def test_any_bytes(data: bytes) -> None:
    """On any bytes we agree with cbor2 on what they mean or that they are bad."""
    assert by_us(data) == by_cbor2(data)


@given(CID_LIKE)
def test_bytes_that_look_like_a_link(raw: bytes) -> None:
    """A byte string stays one, alone and inside containers, whatever it looks like."""
    for value in (raw, [raw], {"a": [raw], "b": Cid.for_raw(raw)}):
        assert plain(cbor.decode(cbor.encode(value))) == plain(value)


def test_common_input_takes_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary record never needs the exact codec, in either direction."""
    monkeypatch.setattr(cbor, "cbor_exact", None)
    record = {"$type": "fm.plyr.track", "n": [-1, True, None], "b": b"\x02", "c": Cid.for_raw(b"")}
    assert plain(cbor.decode(cbor.encode(record))) == plain(record)


@pytest.mark.parametrize(
    "cid",
    [
        "0170122000000000000000000000000000000000000000000000000000000000000000000000",
        "01551e2000000000000000000000000000000000000000000000000000000000000000000000",
        "122000000000000000000000000000000000000000000000000000000000000000000000",
        "01550000",
    ],
)
def test_foreign_links_are_refused(cid: str) -> None:
    """A link of another codec, hash or version is an error, not a byte string."""
    raw = b"\x00" + bytes.fromhex(cid)
    data = cbor2.dumps({"a": cbor2.CBORTag(42, raw)})
    assert libipld.decode_dag_cbor(data)
    with pytest.raises(CborError, match="offset 3"):
        cbor.decode(data)


@pytest.mark.parametrize("depth", [cbor.MAX_DEPTH, cbor.MAX_DEPTH + 1, 2900, 100_000])
@pytest.mark.parametrize("opening", [b"\x81", b"\xa1\x61a"])
def test_depth(opening: bytes, depth: int) -> None:
    """Nesting is bounded, long before it could exhaust the stack."""
    data = opening * depth + b"\xf6"
    if depth == cbor.MAX_DEPTH:
        assert cbor.encode(cbor.decode(data)) == data
    else:
        with pytest.raises(CborError, match="nested deeper"):
            cbor.decode(data)


def test_encoding_depth() -> None:
    """A value nested too deep, or inside itself, is refused."""
    value: list[Any] = []
    for _ in range(cbor.MAX_DEPTH - 1):
        value = [value]
    assert cbor.decode(cbor.encode(value)) == value
    endless: list[Any] = []
    endless.append(endless)
    for deep in ([value], endless):
        with pytest.raises(CborError, match="nested deeper"):
            cbor.encode(deep)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: [0] * n,
        lambda n: dict.fromkeys(map(str, range(n))),
        lambda n: [[0] * (n - 3), {"a": None}],
    ],
)
def test_item_count(make: Any) -> None:
    """A value has so many items in all and not one more, in either direction."""
    full, over = make(cbor.MAX_ITEMS), make(cbor.MAX_ITEMS + 1)
    assert cbor.decode(cbor.encode(full)) == full
    with pytest.raises(CborError, match="items"):
        cbor.encode(over)
    with pytest.raises(CborError, match="items"):
        cbor.decode(cbor2.dumps(over, canonical=True))


def test_size() -> None:
    """An item longer than any frame is refused unread."""
    with pytest.raises(CborError, match="bytes"):
        cbor.decode(cbor.encode("x" * cbor.MAX_BYTES))


def test_decode_map() -> None:
    """Where a map is wanted nothing else will do."""
    assert cbor.decode_map(b"\xa0") == {}
    with pytest.raises(CborError, match="list"):
        cbor.decode_map(b"\x80")
