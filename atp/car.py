"""CAR v1, the file of blocks in which commits and whole repos travel (spec §1.7).

A CAR is a header, the DRISL map ``{roots, version: 1}``, then sections of one CID and one block
each; header and sections are preceded by their length as an unsigned LEB128 varint. `read` lets
through nothing whose bytes do not hash to its CID, so whatever looks a block up by its CID
afterwards holds the block that the CID names. It does not say that a root is present, that links
lead anywhere, or that all blocks belong to one repo: senders may add blocks and repeat them.

`read` holds all of its input in memory; who calls it bounds the size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from atp import cbor
from atp.cid import CID_BYTES, PREFIXES, Cid
from atp.errors import CarError, CborError

MAX_VARINT_BYTES = 10
"""A length needs no more: ten groups of seven bits hold 64 bits."""


class Octets(Protocol):
    """Bytes in memory or in a mapped file."""

    def __len__(self) -> int: ...
    def __getitem__(self, at: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Car:
    """The roots that a CAR names and its blocks by CID, in file order."""

    roots: tuple[Cid, ...]
    blocks: dict[Cid, bytes]


def read(data: bytes) -> Car:
    """The CAR that ``data`` is, every block checked against its CID. Raises `CarError`."""
    start, end = section(data, 0)
    named = roots(data[start:end])
    blocks: dict[Cid, bytes] = {}
    size = len(data)
    while end < size:
        start, end = section(data, end)
        body = start + CID_BYTES
        name, block = data[start:body], data[body:end]
        if body > end or name[:4] not in PREFIXES:
            raise CarError(f"the section at byte {start} does not start with a CID")
        cid = Cid(name)
        if sha256(block).digest() != name[4:]:
            raise CarError(f"the block at byte {body} is not what its CID {cid} names")
        blocks[cid] = block
    return Car(named, blocks)


def write(roots: Sequence[Cid], blocks: Iterable[tuple[Cid, bytes]]) -> bytes:
    """A CAR of these blocks in this order; they are trusted to match their CIDs."""
    header = cbor.encode({"roots": list(roots), "version": 1})
    parts = [_varint(len(header)), header]
    for cid, block in blocks:
        parts += (_varint(CID_BYTES + len(block)), cid, block)
    return b"".join(parts)


def roots(header: bytes) -> tuple[Cid, ...]:
    """The roots that a header names. Raises `CarError`."""
    try:
        fields = cbor.decode_map(header)
    except CborError as exc:
        raise CarError("the header is not a DRISL map") from exc
    if fields.get("version") != 1:
        raise CarError(f"the version is {fields.get('version')!r}; only 1 is supported")
    found = fields.get("roots")
    if not isinstance(found, list):
        raise CarError("the header has no list of roots")
    cids = tuple(root for root in found if isinstance(root, Cid))
    if len(cids) != len(found):
        raise CarError("a root is not a CID")
    return cids


def section(data: Octets, at: int) -> tuple[int, int]:
    """Where the section whose length stands at ``at`` starts and ends. Raises `CarError`."""
    size = len(data)
    length = shift = 0
    byte = 0x80
    while byte >= 0x80:
        if at == size:
            raise CarError("the file ends inside the length of a section")
        if shift == 7 * MAX_VARINT_BYTES:
            raise CarError(f"the length that ends at byte {at} has over {MAX_VARINT_BYTES} bytes")
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
    if not 0 < length <= size - at:
        raise CarError(
            f"the section at byte {at} claims {length} bytes of the {size - at} there are"
        )
    return at, at + length


def _varint(number: int) -> bytes:
    groups = bytearray()
    while number >= 0x80:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
