"""A check of firehose frames that shares no code with the project: libipld and cryptography only.

Everything is done the slow, obvious way: a CAR is cut up byte by byte, signatures are checked on
re-encoded commits, and the tree's root is computed from the list of all records, before and after
each commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import libipld
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

HALF_ORDER = {
    "secp256k1": 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0,
    "secp256r1": 0x7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8,
}
CURVES: dict[bytes, ec.EllipticCurve] = {
    b"\xe7\x01": ec.SECP256K1(),
    b"\x80\x24": ec.SECP256R1(),
}


def root_of(records: dict[str, bytes]) -> bytes:
    """The CID of the tree that holds exactly these records, CIDs by path."""
    keys = sorted(path.encode() for path in records)
    if not keys:
        return _cid(libipld.encode_dag_cbor({"e": [], "l": None}))
    top = max(_depth(key) for key in keys)
    root = _node(keys, top, {path.encode(): cid for path, cid in records.items()})
    assert root is not None
    return root


def _depth(key: bytes) -> int:
    return (256 - int.from_bytes(sha256(key).digest()).bit_length()) // 2


def _node(keys: list[bytes], depth: int, records: dict[bytes, bytes]) -> bytes | None:
    if not keys:
        return None
    own = [place for place, key in enumerate(keys) if _depth(key) == depth]
    ends = [*own, len(keys)]
    entries, previous = [], b""
    for place, following in zip(own, ends[1:], strict=True):
        key = keys[place]
        shared = next(n for n in range(len(key) + 1) if key[: n + 1] != previous[: n + 1])
        right = _node(keys[place + 1 : following], depth - 1, records)
        entries.append({"p": shared, "k": key[shared:], "v": records[key], "t": right})
        previous = key
    return _cid(
        libipld.encode_dag_cbor({"l": _node(keys[: ends[0]], depth - 1, records), "e": entries})
    )


def _cid(block: bytes) -> bytes:
    return b"\x01\x71\x12\x20" + sha256(block).digest()


def read_car(data: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Root and blocks of a CAR; every block is what its CID says."""
    header, at = _section(data, 0)
    [root] = libipld.decode_dag_cbor(header)["roots"]
    blocks = {}
    while at < len(data):
        section, at = _section(data, at)
        cid, block = section[:36], section[36:]
        assert _cid(block) == cid
        blocks[cid] = block
    return root, blocks


def _section(data: bytes, at: int) -> tuple[bytes, int]:
    length = shift = 0
    while True:
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return data[at : at + length], at + length


def _walk(root: bytes, blocks: dict[bytes, bytes]) -> Iterator[tuple[str, bytes]]:
    node = libipld.decode_dag_cbor(blocks[root])
    if node["l"]:
        yield from _walk(node["l"], blocks)
    key = b""
    for entry in node["e"]:
        key = key[: entry["p"]] + entry["k"]
        assert entry["v"] in blocks
        yield key.decode(), entry["v"]
        if entry["t"]:
            yield from _walk(entry["t"], blocks)


def check_signature(commit: dict[str, Any], document: dict[str, Any]) -> None:
    """The commit is signed by the key in the DID document, with a low s."""
    did = document["id"]
    [method] = [m for m in document["verificationMethod"] if m["id"] == f"{did}#atproto"]
    assert method["type"] == "Multikey"
    raw = libipld.decode_multibase(method["publicKeyMultibase"])[1]
    curve = CURVES[raw[:2]]
    sig = commit["sig"]
    r, s = int.from_bytes(sig[:32]), int.from_bytes(sig[32:])
    assert len(sig) == 64
    assert s <= HALF_ORDER[curve.name]
    signed = libipld.encode_dag_cbor({name: commit[name] for name in commit if name != "sig"})
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, raw[2:])
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))


class Consumer:
    """Follows a firehose from its very beginning and believes nothing."""

    def __init__(self, documents: dict[str, dict[str, Any]]) -> None:
        """`documents` are the DID documents by DID, read anew by whoever changes a key."""
        self.documents = documents
        self.records: dict[str, dict[str, bytes]] = {}
        self.seen: Counter[str] = Counter()
        self._rev: dict[str, str] = {}
        self._blocks: dict[str, dict[bytes, bytes]] = {}
        self._seq = 0

    def take(self, frames: Iterable[bytes]) -> None:
        """Check the next frames; AssertionError or InvalidSignature where one is wrong."""
        for frame in frames:
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        header, body = libipld.decode_dag_cbor_multi(frame)
        assert header["op"] == 1
        assert body["seq"] > self._seq
        self._seq = body["seq"]
        self.seen[header["t"]] += 1
        if header["t"] == "#commit":
            self._take_commit(body)
        elif header["t"] == "#sync":
            commit, _ = self._commit(body["did"], body)
            assert commit["data"] == root_of(self.records[body["did"]])

    def _take_commit(self, body: dict[str, Any]) -> None:
        did = body["repo"]
        commit, blocks = self._commit(did, body)
        assert body["since"] == self._rev.get(did)
        records = self.records.setdefault(did, {})
        if body["since"] is None:
            assert "prevData" not in body
        else:
            assert body["prevData"] == root_of(records)
            assert body["rev"] > body["since"]
        for op in body["ops"]:
            assert op.get("prev") == records.pop(op["path"], None)
            assert (op["action"] == "create") == ("prev" not in op)
            assert (op["action"] == "delete") == (op["cid"] is None)
            if op["cid"]:
                assert op["cid"] in blocks
                records[op["path"]] = op["cid"]
        assert commit["data"] == root_of(records)
        assert commit["data"] in blocks
        # Who keeps the blocks of all commits has the whole tree.
        kept = self._blocks.setdefault(did, {})
        kept |= blocks
        assert dict(_walk(commit["data"], kept)) == records
        self._rev[did] = body["rev"]

    def _commit(self, did: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[bytes, bytes]]:
        root, blocks = read_car(body["blocks"])
        assert body.get("commit", root) == root
        commit = libipld.decode_dag_cbor(blocks[root])
        assert (commit["did"], commit["rev"], commit["version"]) == (did, body["rev"], 3)
        assert commit["prev"] is None
        check_signature(commit, self.documents[did])
        return commit, blocks
