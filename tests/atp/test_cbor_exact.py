"""The exact codec: each rule of DRISL by a case that breaks it."""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum, StrEnum
from typing import Any

import pytest

from atp import cbor, cbor_exact
from atp.cid import Cid
from atp.errors import CborError

BROKEN = {
    "": "ends 1 bytes before what begins at offset 0",
    "18": "ends 1 bytes before",
    "6261": "ends 1 bytes before",
    "5affffffff00": "ends 4294967294 bytes before",
    "9affffffff": "container at offset 0 more than 131072 items",
    "99ffff00": "ends 1 bytes before what begins at offset 4",
    "8201": "begins at offset 2",
    "1801": "1 at offset 0 is not written in its shortest form",
    "1900ff": "shortest form",
    "1a0000ffff": "shortest form",
    "1b00000000ffffffff": "shortest form",
    "780161": "shortest form",
    "a161611801": "1 at offset 3 is not written",
    "1b8000000000000000": "64 bits",
    "3b8000000000000000": "64 bits",
    "1c": "0x1c at offset 0",
    "9fff": "0x9f at offset 0",
    "5f4100ff": "0x5f at offset 0",
    "ff": "0xff",
    "f7": "0xf7",
    "f814": "0xf8",
    "e0": "0xe0",
    "f90000": "float at offset 0",
    "fa00000000": "float",
    "81fb3ff8000000000000": "float at offset 1",
    "61ff": "text at offset 1 is not UTF-8",
    "63eda080": "not UTF-8",
    "a10102": "map key at offset 1 is not text",
    "a2616101616102": "'a' at offset 4 is repeated or out of order",
    "a2616201616102": "out of order",
    "a262616101616202": "out of order",
    "c1000000000000": "tag at offset 0",
    "d82a410000": "tag at offset 0",
    "d82b582500": "tag",
    "d82a582501": "tag",
    "d82a582500": "ends 36 bytes before",
    "d9002a582500": "42 at offset 0 is not written",
}


@pytest.mark.parametrize("data", BROKEN)
def test_broken(data: str) -> None:
    """Each breach is refused in words that name it and its place, by both decoders."""
    for decode in (cbor_exact.decode, cbor.decode):
        with pytest.raises(CborError, match=BROKEN[data]):
            decode(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("190100", 256),
        ("1a00010000", 65536),
        ("1b0000000100000000", 2**32),
        ("1b7fffffffffffffff", 2**63 - 1),
        ("20", -1),
        ("3b7fffffffffffffff", -(2**63)),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("40", b""),
        ("60", ""),
        ("62c3bc", "ü"),
        ("82018102", [1, [2]]),
        ("a2616101626161f6", {"a": 1, "aa": None}),
    ],
)
def test_both_ways(data: str, value: Any) -> None:
    """Each kind of item has one encoding, which reads as that item and ends where it ends."""
    raw = bytes.fromhex(data)
    assert cbor_exact.decode(raw) == (value, len(raw))
    assert cbor_exact.decode(b"\x00" + raw + b"\x00", 1) == (value, len(raw) + 1)
    assert cbor_exact.encode(value) == raw


def test_link() -> None:
    """A link is tag 42 over a zero byte and the CID."""
    cid = Cid.for_cbor(b"x")
    raw = bytes.fromhex("d82a582500") + cid
    assert cbor_exact.encode(cid) == raw
    decoded, _ = cbor_exact.decode(raw)
    assert isinstance(decoded, Cid)
    assert decoded == cid


def test_keys_sort_by_length_first() -> None:
    """Map keys stand in the order of their encodings, so shorter ones come first."""
    value = {"bb": 1, "aaa": 2, "b": 3, "ä": 4}
    decoded, _ = cbor_exact.decode(cbor_exact.encode(value))
    assert isinstance(decoded, dict)
    assert list(decoded) == ["b", "bb", "ä", "aaa"]


class Number(IntEnum):
    """A number that is more than an int."""

    ONE = 1


class Word(StrEnum):
    """A text that is more than a str."""

    A = "a"


@pytest.mark.parametrize("encode", [cbor_exact.encode, cbor.encode])
def test_subclasses(encode: Any) -> None:
    """A subclass of what the data model holds is encoded as what it is."""
    value = OrderedDict({Word.A: [Number.ONE, Word.A]})
    assert encode(value) == bytes.fromhex("a1616182016161")


@pytest.mark.parametrize("encode", [cbor_exact.encode, cbor.encode])
@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**63,
        -(2**63) - 1,
        (1,),
        {1},
        bytearray(b"x"),
        object(),
        "\ud800",
    ],
)
def test_what_has_no_encoding(encode: Any, value: Any) -> None:
    """What the data model does not hold is refused, wherever it stands."""
    for holder in (value, [value], {"a": value}):
        with pytest.raises(CborError):
            encode(holder)


@pytest.mark.parametrize("encode", [cbor_exact.encode, cbor.encode])
def test_huge_integer(encode: Any) -> None:
    """A number too long for Python to print is refused like any other that is too large."""
    with pytest.raises(CborError, match="20001 bits"):
        encode(1 << 20_000)


@pytest.mark.parametrize("encode", [cbor_exact.encode, cbor.encode])
@pytest.mark.parametrize("key", [1, None, b"a", "\ud800"])
def test_keys_are_text(encode: Any, key: Any) -> None:
    """A key that is not text is refused."""
    with pytest.raises(CborError):
        encode({key: 1})
