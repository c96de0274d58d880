"""CAR files, against public files, libipld and hostile bytes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import libipld
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp import car, cbor
from atp.car import Car
from atp.cid import Cid
from atp.errors import CarError

BLOCK = b"\xa1aa\x01"
ROOT = Cid.for_cbor(BLOCK)
GOOD = car.write([ROOT], [(ROOT, BLOCK)])
HEADER = GOOD[: GOOD[0] + 1]


def with_header(fields: object) -> bytes:
    """A CAR without blocks whose header holds ``fields``."""
    header = cbor.encode(fields)
    return bytes((len(header),)) + header


def public_cars(shared: Path) -> list[Path]:
    """Every CAR among the reference material."""
    return [path for end in ("car", "repo") for path in sorted(shared.rglob(f"*.{end}"))]


def test_public_files(shared: Path) -> None:
    """Each public file reads as libipld reads it, and what is written reads back."""
    paths = public_cars(shared)
    assert paths
    for path in paths:
        data = path.read_bytes()
        header, blocks = libipld.decode_car(data)
        read = car.read(data)
        assert list(read.roots) == header["roots"]
        assert read.blocks.keys() == blocks.keys()
        assert car.read(car.write(read.roots, read.blocks.items())) == read


def test_fixtures(vectors: Path) -> None:
    """The reference implementation's fixtures are written byte for byte."""
    cases = json.loads((vectors / "atproto/packages/repo/tests/car-file-fixtures.json").read_text())
    assert cases
    for case in cases:
        root = Cid.parse(case["root"])
        blocks = {
            Cid.parse(block["cid"]): base64.b64decode(block["bytes"] + "==")
            for block in case["blocks"]
        }
        data = base64.b64decode(case["car"] + "==")
        assert car.write([root], blocks.items()) == data
        assert car.read(data) == Car((root,), blocks)


@given(st.lists(st.binary(max_size=300)), st.booleans())
def test_round_trip(contents: list[bytes], raw: bool) -> None:
    """What is written is read, in the order written, repeated blocks once."""
    make = Cid.for_raw if raw else Cid.for_cbor
    pairs = [(make(content), content) for content in contents]
    roots = [cid for cid, _ in pairs][:2]
    read = car.read(car.write(roots, pairs))
    assert read.roots == tuple(roots)
    assert list(read.blocks.items()) == list(dict(pairs).items())


@pytest.mark.parametrize("size", [0, 89, 90, 91, 16_344, 16_345, 16_346, 100_000])
def test_lengths(size: int) -> None:
    """Sections of every length in bytes are written as libipld reads them."""
    block = cbor.encode("x" * size)
    cid = Cid.for_cbor(block)
    data = car.write([cid], [(cid, block)])
    decoded: dict[Any, Any] = libipld.decode_car(data)[1]
    assert decoded == {cid: "x" * size}
    assert car.read(data).blocks == {cid: block}


@given(st.data())
def test_any_damage_shows(data: st.DataObject) -> None:
    """A file with one changed byte, or cut short inside a section, is refused or reads the same."""
    at = data.draw(st.integers(0, len(GOOD) - 1))
    damaged = bytearray(GOOD)
    damaged[at] ^= data.draw(st.integers(1, 255))
    for hostile in (bytes(damaged), GOOD[:at]):
        try:
            blocks = car.read(hostile).blocks
        except CarError:
            continue
        assert all(cid.matches(block) for cid, block in blocks.items())
        assert hostile in (HEADER, bytes(damaged))


@given(st.binary(max_size=200))
def test_noise(noise: bytes) -> None:
    """Arbitrary bytes, alone or after a header, never raise anything but `CarError`."""
    for hostile in (noise, HEADER + noise):
        try:
            car.read(hostile)
        except CarError:
            continue


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "ends inside the length"),
        (b"\x80", "ends inside the length"),
        (b"\x00", "claims 0 bytes"),
        (b"\x05\xa0", "claims 5 bytes of the 1"),
        (b"\xff" * 10 + b"\x01", "over 10 bytes"),
        (b"\x01\x80", "not a DRISL map"),
        (b"\x02\x18\x01", "not a DRISL map"),
        (with_header({"roots": [], "version": 2}), "version is 2"),
        (with_header({"roots": []}), "version is None"),
        (with_header({"version": 1}), "no list of roots"),
        (with_header({"roots": {}, "version": 1}), "no list of roots"),
        (with_header({"roots": [b"x"], "version": 1}), "not a CID"),
        (HEADER + b"\x23" + bytes(35), "does not start with a CID"),
        (HEADER + b"\x24" + b"\x01\x71\x12\x21" + bytes(32), "does not start with a CID"),
        (HEADER + b"\x24" + ROOT, "not what its CID"),
        (GOOD + b"\x00", "claims 0 bytes"),
        (HEADER + b"\x29" + ROOT + BLOCK, "claims 41 bytes of the 40"),
        (GOOD[:-1] + b"\x02", "not what its CID"),
    ],
)
def test_refused(data: bytes, message: str) -> None:
    """Each kind of malformed file is refused and the message says why."""
    with pytest.raises(CarError, match=message):
        car.read(data)


def test_tolerated() -> None:
    """No root, several roots, roots without a block and repeated blocks are for others to judge."""
    other = Cid.for_raw(b"")
    assert car.read(with_header({"roots": [], "version": 1})) == Car((), {})
    read = car.read(car.write([ROOT, other], [(other, b""), (ROOT, BLOCK), (other, b"")]))
    assert read == Car((ROOT, other), {other: b"", ROOT: BLOCK})
