"""A second verifier of record proofs that shares no code with ours: slow, obvious, unforgiving.

CBOR by cbor2, signatures by the atproto SDK, the rest by hand from the specification.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import cbor2
from atproto_crypto.verify import verify_signature  # type: ignore[import-untyped]

CID_BYTES = 36


class Unproven(Exception):
    """The CAR proves nothing."""


def proven(data: bytes, did: str, did_key: str, path: str) -> tuple[str, bytes | None]:
    """The rev, and the record under ``path`` at it, None for no such record."""
    sections = list(_sections(data))
    header = cbor2.loads(sections[0])
    _demand(header["version"] == 1 and len(header["roots"]) == 1, "header")
    blocks = {}
    for section in sections[1:]:
        cid, block = section[:CID_BYTES], section[CID_BYTES:]
        _demand(cid[4:] == hashlib.sha256(block).digest(), "hash")
        blocks[cid] = block
    commit = cbor2.loads(_block(blocks, _cid(header["roots"][0])))
    _demand(commit["did"] == did, "did")
    unsigned = {name: value for name, value in commit.items() if name != "sig"}
    signed = cbor2.dumps(unsigned, canonical=True)
    _demand(verify_signature(did_key, signed, commit["sig"]), "signature")
    record = _find(blocks, _cid(commit["data"]), path.encode())
    return commit["rev"], None if record is None else _block(blocks, record)


def _find(blocks: Mapping[bytes, bytes], node_cid: bytes, path: bytes) -> bytes | None:
    node = cbor2.loads(_block(blocks, node_cid))
    left, key = node["l"], b""
    for entry in node["e"]:
        key = key[: entry["p"]] + entry["k"]
        if key == path:
            return _cid(entry["v"])
        if key > path:
            break
        left = entry["t"]
    return None if left is None else _find(blocks, _cid(left), path)


def _sections(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = shift = 0
        while True:
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield data[at : at + length]
        at += length


def _cid(tag: Any) -> bytes:
    _demand(tag.tag == 42 and tag.value[0] == 0, "link")
    return bytes(tag.value[1:])


def _block(blocks: Mapping[bytes, bytes], cid: bytes) -> bytes:
    _demand(cid in blocks, "missing block")
    return blocks[cid]


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise Unproven(what)
