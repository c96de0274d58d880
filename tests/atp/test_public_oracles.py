"""Public repositories and streams, against what other implementations say of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from atp import car, cbor, data, frames
from atp.cid import Cid
from atp.did_doc import DidDocument
from atp.frames import AccountMsg, CommitMsg, IdentityMsg
from atp.keys import PublicKey
from atp.mst_tree import Tree
from atp.sync import check_commit
from atp.syntax import Did
from tests.atp.captures import relay_frames, relay_keys

LATER = 2_000_000_000_000_000
REPOS = "indigo/testing/testdata"


def signed_by(path: Path, document: Path) -> bool:
    """Whether the key of a DID document signed the root of a CAR, whatever version that has."""
    file = car.read(path.read_bytes())
    commit = cbor.decode_map(file.blocks[file.roots[0]])
    sig = commit.pop("sig")
    assert isinstance(sig, bytes)
    raw = json.loads(document.read_text())
    key = DidDocument.parse(raw, Did.parse(raw["id"])).signing_key
    assert isinstance(key, PublicKey)
    return key.verify(cbor.encode(commit), sig)


def test_whole_repos_are_signed(vectors: Path) -> None:
    """By keys in their old form; a signature with a high S does not count."""
    paths = sorted((vectors / REPOS).glob("*.repo.car"))
    assert paths
    for path in paths:
        name = path.name.partition(".")[0]
        holds = signed_by(path, path.with_name(f"{name}.didDoc.json"))
        assert holds is (name != "fakermaker"), name


def test_records_on_their_own(vectors: Path) -> None:
    """A slice of a repo leads to the record that it was cut for; lone records are canonical."""
    file = car.read((vectors / REPOS / "repo_slice.car").read_bytes())
    record = json.loads((vectors / REPOS / "repo_slice_record.json").read_text())
    assert cbor.decode(file.blocks[Cid.parse(record["cid"])]) == data.from_json(record["value"])
    for path in vectors.rglob("*_record.cbor"):
        block = path.read_bytes()
        assert cbor.encode(cbor.decode(block)) == block


def test_a_stream_says_what_jetstream_says(vectors: Path) -> None:
    """Every event of the capture, decoded and verified, is what production Jetstream made of it."""
    table = vectors / "jetstream/internal/corpus/testdata/expected_v1.jsonl"
    told = Counter(_canonical(json.loads(line)) for line in table.read_text().splitlines())
    found: Counter[str] = Counter()
    keys = relay_keys(vectors)
    for frame in relay_frames(vectors):
        match frames.decode(frame):
            case CommitMsg() as msg:
                found.update(map(_canonical, _operations(msg, keys[msg.repo])))
            case IdentityMsg() as msg:
                more = {"handle": msg.handle} if msg.handle else {}
                found[_canonical(_told("identity", msg, more))] += 1
            case AccountMsg() as msg:
                more = {"status": msg.status} if msg.status else {}
                found[_canonical(_told("account", msg, more | {"active": msg.active}))] += 1
    assert sum(found.values()) > 90
    assert not found - told


def _operations(msg: CommitMsg, key: PublicKey) -> list[dict[str, Any]]:
    events = []
    for op in check_commit(msg, key, None, LATER).ops:
        commit: dict[str, Any] = {
            "rev": msg.rev,
            "operation": op.action,
            "collection": op.collection,
            "rkey": op.rkey,
        }
        if op.cid is not None and op.block is not None:
            commit |= {"record": data.to_json(cbor.decode(op.block)), "cid": str(op.cid)}
        events.append({"did": msg.repo, "kind": "commit", "commit": commit})
    return events


def _told(kind: str, msg: IdentityMsg | AccountMsg, more: dict[str, Any]) -> dict[str, Any]:
    body = {"did": msg.did, "seq": msg.seq, "time": msg.time, **more}
    return {"did": msg.did, "kind": kind, kind: body}


def _canonical(event: dict[str, Any]) -> str:
    """An event without the time at which Jetstream sent it."""
    return json.dumps({k: v for k, v in event.items() if k != "time_us"}, sort_keys=True)


def test_a_slice_is_part_of_a_tree(vectors: Path) -> None:
    """What the slices hold of their trees are nodes in canonical form."""
    for path in sorted((vectors / REPOS).glob("*slice*.car")):
        file = car.read(path.read_bytes())
        commit = cbor.decode_map(file.blocks[file.roots[0]])
        root = commit["data"]
        top, depth = Tree.load(root, file.blocks).top()  # type: ignore[arg-type]
        assert top.cid == root
        assert depth >= 0
