"""A repository's CAR in a file on disk: blocks in any order, found by CID, hashed when used.

The reference PDS sends the newest blocks first, so a reader meets records before the tree that
leads to them. Only where each block lies is kept in memory; a block is read, and compared with its
CID, when something asks for it. What nobody asks for (other applications' records) costs a pass
over its length.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from atp import car
from atp.cid import CID_BYTES, Cid
from atp.errors import CarError

MAX_BLOCKS = 3_000_000
"""Blocks of one repository; each takes about 200 bytes of memory."""
MAX_BLOCK = 2**21
"""Bytes of a block that is read."""
MAX_HEADER = 65_536
_OFFSET_BITS = 24


class CarFile(Mapping[Cid, bytes]):
    """The blocks of the CAR in ``file``, which stays open as long as this is used.

    Raises `CarError` when the file is not one CAR from end to end; getting a block raises it when
    the block is not what its CID names.
    """

    def __init__(self, file: BinaryIO) -> None:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise CarError("the file is empty")
        self._bytes = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        start, end = car.section(self._bytes, 0)
        if end - start > MAX_HEADER:
            raise CarError(f"a header of {end - start} bytes")
        named = car.roots(self._bytes[start:end])
        if not named:
            raise CarError("the header names no root")
        self.root = named[0]
        self._places = dict(_places(self._bytes, end))

    def __getitem__(self, cid: Cid) -> bytes:
        place = self._places[cid]
        start, length = place >> _OFFSET_BITS, place & ((1 << _OFFSET_BITS) - 1)
        if length > MAX_BLOCK:
            raise CarError(f"the block {cid} has {length} bytes")
        block = self._bytes[start : start + length]
        if not cid.matches(block):
            raise CarError(f"the block at byte {start} is not what its CID {cid} names")
        return block

    def __iter__(self) -> Iterator[Cid]:
        return map(Cid.from_bytes, self._places)

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        """Let go of the file."""
        self._bytes.close()


def _places(raw: mmap.mmap, at: int) -> Iterator[tuple[bytes, int]]:
    """Where each block lies: its offset, and its length in the lower bits."""
    longest = (1 << _OFFSET_BITS) - 1
    count = 0
    while at < len(raw):
        start, at = car.section(raw, at)
        body = start + CID_BYTES
        if body > at:
            raise CarError(f"the section at byte {start} is too short for a CID")
        count += 1
        if count > MAX_BLOCKS:
            raise CarError(f"more than {MAX_BLOCKS} blocks")
        yield raw[start:body], body << _OFFSET_BITS | min(at - body, longest)
