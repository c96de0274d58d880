"""Nodes of the Merkle search tree, against vectors, cbor2 and hostile blocks."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp import car
from atp.cid import Cid
from atp.errors import MstError
from atp.mst import (
    EMPTY,
    MAX_ENTRIES,
    MAX_KEY_BYTES,
    Node,
    check_key,
    cid_of,
    common_prefix,
    depth,
)
from tests.atp.test_car import public_cars

VALUE = Cid.for_cbor(b"\xa0")
CHILD = Cid.for_cbor(b"child")
KEYS = tuple(key for n in range(12) if depth(key := b"com.example.note/%02d" % n) == 0)
NODE = Node(KEYS, (VALUE,) * len(KEYS), (None, CHILD, *[None] * (len(KEYS) - 1)))
KEY_LISTS = st.lists(st.binary(min_size=1, max_size=40), max_size=30)


def link(cid: bytes) -> cbor2.CBORTag:
    """A CID as cbor2 writes links."""
    return cbor2.CBORTag(42, b"\x00" + cid)


def naive_prefix(left: bytes, right: bytes) -> int:
    """How many leading bytes are the same, counted."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False))))


def wire(node: Node) -> dict[str, Any]:
    """The map that a node is on the wire, by the letter of the specification."""

    def optional(subtree: object) -> object:
        return None if subtree is None else link(Cid(subtree))  # type: ignore[call-overload]

    entries = []
    previous = b""
    for key, value, right in zip(node.keys, node.values, node.links[1:], strict=True):
        shared = naive_prefix(previous, key)
        entries.append({"k": key[shared:], "p": shared, "t": optional(right), "v": link(value)})
        previous = key
    return {"e": entries, "l": optional(node.links[0])}


def block_of(fields: object) -> bytes:
    """A block that holds ``fields``, encoded by somebody else."""
    return cbor2.dumps(fields, canonical=True)


def edited(**changes: object) -> bytes:
    """The block of `NODE`, its second entry altered; None removes a field."""
    fields = wire(NODE)
    entry = fields["e"][1] | changes
    fields["e"][1] = {name: value for name, value in entry.items() if value is not ...}
    return block_of(fields)


def test_depth_vectors(vectors: Path) -> None:
    """Depths are those of the interop vectors, and of keys that are named after theirs."""
    folder = vectors / "atproto-interop-tests/mst"
    cases = json.loads((folder / "key_heights.json").read_text())
    named = (folder / "example_keys.txt").read_text().split()
    assert cases
    assert named
    for case in cases:
        assert depth(case["key"].encode()) == case["height"]
    for key in named:
        assert depth(key.encode()) == int(key[1])


@given(st.binary())
def test_depth_twin(key: bytes) -> None:
    """A depth is the pairs of zeros that the SHA-256 in binary begins with."""
    bits = "".join(f"{byte:08b}" for byte in sha256(key).digest())
    assert depth(key) == (len(bits) - len(bits.lstrip("0"))) // 2


def test_common_prefix_vectors(vectors: Path) -> None:
    """Prefix lengths are those of the interop vectors."""
    path = vectors / "atproto-interop-tests/mst/common_prefix.json"
    cases = json.loads(path.read_text())
    assert cases
    for case in cases:
        assert common_prefix(case["left"].encode(), case["right"].encode()) == case["len"]


@given(st.binary(), st.binary(), st.binary())
def test_common_prefix_twin(start: bytes, left: bytes, right: bytes) -> None:
    """Prefix lengths are those that counting gives."""
    left, right = start + left, start + right
    assert common_prefix(left, right) == naive_prefix(left, right)


def test_empty() -> None:
    """The tree without keys has the specification's block and CID."""
    assert EMPTY.to_bytes() == bytes.fromhex("a2616580616cf6")
    assert str(EMPTY.cid) == "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
    assert EMPTY.depth is None


def test_public_nodes(shared: Path) -> None:
    """Every node of the public files is read and written as it is."""
    count = 0
    for path in public_cars(shared):
        for cid, block in car.read(path.read_bytes()).blocks.items():
            if block[:3] == b"\xa2\x61e":
                node = Node.from_bytes(block)
                assert node.to_bytes() == block == block_of(wire(node))
                assert node.cid == cid == cid_of(node) == cid_of(cid)
                count += 1
    assert count > 300


@given(KEY_LISTS, st.data())
def test_encoding(keys: list[bytes], data: st.DataObject) -> None:
    """Nodes are encoded as cbor2 encodes them, and read back, whatever the keys of one depth."""
    at = data.draw(st.sampled_from(sorted({depth(key) for key in keys} or {0})))
    chosen = sorted({key for key in keys if depth(key) == at})
    subtrees = st.sampled_from([None, CHILD])
    links = tuple(data.draw(subtrees) for _ in range(len(chosen) + 1))
    node = Node(tuple(chosen), tuple(Cid.for_cbor(key) for key in chosen), links)
    block = block_of(wire(node))
    assert node.to_bytes() == block
    read = Node.from_bytes(block)
    assert (read.keys, read.values, read.links) == (node.keys, node.values, node.links)
    assert read.depth == (at if chosen else None)
    assert read.to_bytes() == block
    assert read.shared == node.shared == tuple(entry["p"] for entry in wire(node)["e"])
    assert read.cid == Cid.for_cbor(block)


def test_subtrees_at_hand() -> None:
    """A subtree at hand is linked to by its CID."""
    node = Node(KEYS[:1], (VALUE,), (EMPTY, None))
    assert node.to_bytes() == Node(KEYS[:1], (VALUE,), (EMPTY.cid, None)).to_bytes()


def test_long_keys() -> None:
    """Keys up to the limit are written with heads of every length, longer ones are refused."""
    for length in (1, 23, 24, 255, 256, MAX_KEY_BYTES):
        key = b"k" * length
        node = Node((key,), (VALUE,), (None, None))
        assert node.to_bytes() == block_of(wire(node))
        assert Node.from_bytes(node.to_bytes()).keys == (key,)
    start = b"k" * (MAX_KEY_BYTES - 1)
    twins = [start + bytes((last,)) for last in range(64) if depth(start + bytes((last,))) == 0][:2]
    node = Node((twins[0], twins[1]), (VALUE, VALUE), (None, None, None))
    assert Node.from_bytes(node.to_bytes()).to_bytes() == block_of(wire(node))
    long = wire(NODE) | {"e": [wire(NODE)["e"][0] | {"k": b"k" * (MAX_KEY_BYTES + 1)}]}
    with pytest.raises(MstError, match="1025 bytes"):
        Node.from_bytes(block_of(long))
    for length in (0, MAX_KEY_BYTES + 1):
        with pytest.raises(MstError, match=f"{length} bytes"):
            check_key(b"k" * length)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\xa0",
        b"\x80",
        b"\xf6",
        b"\x81" * 1_000_000,
        block_of({"e": []}),
        block_of({"l": None}),
        block_of({"e": None, "l": None}),
        block_of({"e": {}, "l": None}),
        block_of({"e": "", "l": None}),
        block_of({"e": [[]], "l": None}),
        block_of({"e": ["kptv"], "l": None}),
        block_of({"e": [], "l": None, "x": 1}),
        block_of({"e": [], "l": bytes(CHILD)}),
        block_of({"e": [], "l": link(Cid.for_raw(b""))}),
        block_of({"e": [], "l": link(b"\x01\x71\x13\x20" + bytes(32))}),
        bytes.fromhex("a2616580616cf600"),
        bytes.fromhex("a261659800616cf6"),
        bytes.fromhex("a2616cf6616580"),
        EMPTY.to_bytes()[:-1],
    ],
)
def test_not_a_node(block: bytes) -> None:
    """Blocks of another shape are refused, however they differ."""
    with pytest.raises(MstError):
        Node.from_bytes(block)


REST = wire(NODE)["e"][1]["k"]


@pytest.mark.parametrize(
    "changes",
    [
        {"p": 0, "k": KEYS[1]},
        {"p": wire(NODE)["e"][1]["p"] - 1, "k": KEYS[1][-len(REST) - 1 :]},
        {"p": 10**9},
        {"p": -1},
        {"p": None},
        {"p": True},
        {"p": 1.0},
        {"p": ...},
        {"k": b""},
        {"k": REST.decode()},
        {"k": link(CHILD)},
        {"k": None},
        {"k": ...},
        {"t": bytes(CHILD)},
        {"t": b""},
        {"t": "x"},
        {"t": link(Cid.for_raw(b""))},
        {"t": ...},
        {"t": link(CHILD + b"x")},
        {"t": link(CHILD[:-1])},
        {"v": link(VALUE + b"x")},
        {"v": link(VALUE[:-1])},
        {"v": bytes(VALUE)},
        {"v": None},
        {"v": link(b"\x01\x71\x13\x20" + bytes(32))},
        {"v": ...},
        {"x": None},
    ],
)
def test_bad_entry(changes: dict[str, object]) -> None:
    """An entry that is not what the specification says makes the node invalid."""
    assert Node.from_bytes(edited()).keys == KEYS
    with pytest.raises(MstError):
        Node.from_bytes(edited(**changes))


def entry_of(rest: object, shared: object, key: bytes) -> dict[str, object]:
    """An entry on the wire."""
    return {"k": rest, "p": shared, "t": None, "v": link(Cid.for_cbor(key))}


ONE, TWO = [key for n in range(99) if depth(key := b"k%02d" % n) == 0][:2]
AFTER_ONE = next(key for n in range(99) if depth(key := b"k" + b"l%d" % n) == 0)
BEYOND = next(key for n in range(99) if depth(key := ONE + b"%d" % n) == 0)
AT_ZERO = next(cid for n in range(99) if depth(cid := Cid.for_cbor(b"%d" % n)) == 0)


@pytest.mark.parametrize(
    ("honest", "lies"),
    [
        ([(ONE, 0, ONE)], [(ONE, False, ONE)]),
        (
            [(ONE, 0, ONE), (AFTER_ONE[1:], 1, AFTER_ONE)],
            [(ONE, 0, ONE), (AFTER_ONE[1:], True, AFTER_ONE)],
        ),
        ([(ONE, 0, ONE), (BEYOND[3:], 3, BEYOND)], [(ONE, 0, ONE), (BEYOND[3:], 4, BEYOND)]),
        ([(ONE, 0, ONE), (BEYOND[3:], 3, BEYOND)], [(ONE, 0, ONE), (BEYOND[2:], 2, BEYOND)]),
        ([(ONE, 0, ONE)], [(ONE, -1, ONE)]),
        ([(bytes(AT_ZERO), 0, AT_ZERO)], [(link(AT_ZERO), 0, AT_ZERO)]),
    ],
)
def test_written_alike(
    honest: list[tuple[object, object, bytes]], lies: list[tuple[object, object, bytes]]
) -> None:
    """Nothing passes that is read as the same keys and keeps all other rules; its model does."""
    block = block_of({"e": [entry_of(*entry) for entry in honest], "l": None})
    assert Node.from_bytes(block).keys == tuple(key for *_, key in honest)
    with pytest.raises(MstError, match="canonical"):
        Node.from_bytes(block_of({"e": [entry_of(*entry) for entry in lies], "l": None}))


def test_order_and_depth() -> None:
    """Keys of one node ascend and have one depth, and raw CIDs are fine as values only."""
    other = next(key for n in range(99) if depth(key := b"com.example.note/x%d" % n) == 1)
    cases = {
        "ascending": (KEYS[1], KEYS[0]),
        "not in ascending": (KEYS[0], KEYS[0]),
        "different depths": (KEYS[0], other),
    }
    for message, keys in cases.items():
        with pytest.raises(MstError, match=message):
            Node.from_bytes(Node(keys, (VALUE, VALUE), (None, None, None)).to_bytes())
    raw = Node(KEYS[:1], (Cid.for_raw(b""),), (None, None))
    assert Node.from_bytes(raw.to_bytes()).values == raw.values


def test_too_many_entries() -> None:
    """The number of entries is bounded, and so is what a small block can make of long prefixes."""
    keys: list[bytes] = []
    number = 0
    while len(keys) <= MAX_ENTRIES:
        key = b"%06d" % number
        number += 1
        if depth(key) == 0:
            keys.append(key)
    full = Node(tuple(keys[:-1]), (VALUE,) * MAX_ENTRIES, (None,) * (MAX_ENTRIES + 1))
    assert len(Node.from_bytes(full.to_bytes()).keys) == MAX_ENTRIES
    more = Node(tuple(keys), (VALUE,) * len(keys), (None,) * (len(keys) + 1))
    with pytest.raises(MstError, match="1001 entries"):
        Node.from_bytes(more.to_bytes())


@given(st.data())
def test_damage(data: st.DataObject) -> None:
    """A damaged node is refused, or it is another node in canonical form."""
    damaged = bytearray(NODE.to_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        node = Node.from_bytes(bytes(damaged))
    except MstError:
        return
    assert block_of(wire(node)) == damaged
