"""CIDs of the one form that AT Protocol blesses (spec §1.2).

A CID is 36 bytes, ``01 | codec | 12 | 20 | sha-256``: version 1, codec 0x71 (DRISL: commits, tree
nodes, records) or 0x55 (raw: blobs), SHA-256 of 32 bytes. `Cid` *is* those bytes, so it hashes,
sorts and compares as they do and a ``dict[Cid, bytes]`` answers for plain bytes too.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Self

import libipld

from atp.errors import CidError

CODEC_DRISL = 0x71
CODEC_RAW = 0x55
CID_BYTES = 36
PREFIX_DRISL = b"\x01\x71\x12\x20"
"""The four bytes that the CID of a DRISL block starts with; its SHA-256 follows."""
_PREFIX_RAW = b"\x01\x55\x12\x20"
PREFIXES = frozenset({PREFIX_DRISL, _PREFIX_RAW})
"""What a blessed CID may start with."""

_TEXT = re.compile("b[a-z2-7]{57}[aeimquy4]")
"""Base32 of 288 bits; the last character may be only one whose two spare bits are zero."""


class Cid(bytes):
    """A CID of the blessed form; made by its class methods, which check, never by ``Cid(…)``."""

    __slots__ = ()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """The CID whose binary form is ``raw``. Raises `CidError`."""
        if len(raw) != CID_BYTES or raw[:4] not in PREFIXES:
            raise CidError(
                f"CID {raw[:CID_BYTES].hex()} of {len(raw)} bytes: "
                "only version 1, codec 0x71 or 0x55, sha-256 (36 bytes) is supported"
            )
        return cls(raw)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The CID written as lower-case base32, ``bafyrei…`` or ``bafkrei…``. Raises `CidError`."""
        if not _TEXT.fullmatch(text):
            raise CidError(f"CID {text[:80]!r}: want 36 bytes as 'b' and lower-case base32")
        return cls.from_bytes(libipld.decode_multibase(text)[1])

    @classmethod
    def for_cbor(cls, block: bytes) -> Self:
        """The CID of a DRISL block: commit, tree node or record."""
        return cls(PREFIX_DRISL + sha256(block).digest())

    @classmethod
    def for_raw(cls, blob: bytes) -> Self:
        """The CID of a blob's bytes."""
        return cls(_PREFIX_RAW + sha256(blob).digest())

    @property
    def codec(self) -> int:
        """`CODEC_DRISL` or `CODEC_RAW`."""
        return self[1]

    def matches(self, data: bytes) -> bool:
        """Whether ``data`` is what this CID names."""
        return sha256(data).digest() == self[4:]

    def __str__(self) -> str:
        return str(libipld.encode_multibase("b", bytes(self)))

    def __repr__(self) -> str:
        return f"Cid({self})"
