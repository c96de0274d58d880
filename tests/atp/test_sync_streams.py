"""`atp.sync` on streams: real ones, generated ones and other people's scenarios."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atp import car, data, frames
from atp.cid import Cid
from atp.commit import Commit
from atp.errors import Rejected, RejectReason
from atp.frames import AccountMsg, CommitMsg, IdentityMsg, SyncMsg
from atp.keys import PublicKey
from atp.mst_tree import Tree
from atp.sync import (
    Chain,
    RepoState,
    check_commit,
    check_sync,
)
from atp.syntax import Did
from tests.atp.captures import pds_frames, pds_keys, relay_frames, relay_keys
from tests.atp.signed_repo import KEY, NOW, SignedRepo, block_of, records, state_of

PATHS = [f"com.example.note/{number}" for number in range(40)]
LATER = 2_000_000_000_000_000
"""A time after all that was captured."""


@settings(max_examples=40)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(PATHS), st.none() | st.integers(0, 9).map(block_of), max_size=8
        ),
        max_size=12,
    )
)
def test_histories(history: list[dict[str, bytes | None]]) -> None:
    """Whoever applies the operations of an honest repo, from the start, has what the repo has."""
    repo = SignedRepo()
    held: dict[str, bytes | None] = {}
    known = None
    for batch in history:
        present = {path for path, block in held.items() if block is not None}
        writes = {path: block for path, block in batch.items() if block or path in present}
        commit = check_commit(repo.write(writes), KEY.public_key, known, NOW)
        assert commit.chain is (Chain.GENESIS if known is None else Chain.CONTINUES)
        known = state_of(commit)
        assert known == repo.state
        held |= records(commit)
    expected = {path.decode(): cid for path, cid in repo.tree.items()}
    assert {path: Cid.for_cbor(block) for path, block in held.items() if block} == expected


def test_relay_stream(vectors: Path) -> None:
    """Every captured commit of the public network passes, with its inversion."""
    keys = relay_keys(vectors)
    seen: Counter[Chain] = Counter()
    for frame in relay_frames(vectors):
        msg = frames.decode(frame)
        if not isinstance(msg, CommitMsg):
            continue
        assert msg.since is not None
        assert msg.prev_data is not None
        before = RepoState(msg.since, msg.prev_data)
        key = keys[msg.repo]
        assert check_commit(msg, key, None, LATER).chain is Chain.FIRST_SEEN
        assert check_commit(msg, key, replace(before, data=msg.commit), LATER).chain is Chain.GAP
        commit = check_commit(msg, key, before, LATER)
        assert all(op.problem is None for op in commit.ops)
        seen[commit.chain] += 1
    assert seen.keys() == {Chain.CONTINUES}


def test_pds_stream(shared: Path) -> None:
    """The stream of a real PDS, from its first message, is one unbroken chain for each repo."""
    keys = pds_keys(shared)
    known: dict[Did, RepoState] = {}
    held: dict[Did, dict[str, bytes | None]] = {}
    seen: Counter[Chain] = Counter()
    for frame in pds_frames(shared):
        msg = frames.decode(frame)
        if isinstance(msg, CommitMsg):
            commit = check_commit(msg, keys[msg.repo], known.get(msg.repo), LATER)
            seen[commit.chain] += 1
            known[msg.repo] = state_of(commit)
            held.setdefault(msg.repo, {}).update(records(commit))
        elif isinstance(msg, SyncMsg):
            verified = check_sync(msg, keys[msg.did], LATER)
            assert verified.data == known[msg.did].data
            known[msg.did] = RepoState(verified.rev, verified.data)
    assert seen.keys() == {Chain.GENESIS, Chain.CONTINUES}
    assert seen[Chain.GENESIS] == len(known) > 0
    whole = car.read((shared / "samples/sample_repo.car").read_bytes())
    last = Commit.from_bytes(whole.blocks[whole.roots[0]])
    assert known[last.did] == RepoState(last.rev, last.data)
    expected = {path.decode(): cid for path, cid in Tree.load(last.data, whole.blocks).items()}
    held_there = {path: block for path, block in held[last.did].items() if block is not None}
    assert {path: Cid.for_cbor(block) for path, block in held_there.items()} == expected


def test_old_streams(vectors: Path) -> None:
    """Commits from before ``prevData``, signed anew, hold but are not taken for the whole repo."""
    paths = sorted(vectors.glob("indigo/atproto/repo/testdata/firehose_commit_*.json"))
    assert paths
    for path in paths:
        body = data.from_json(json.loads(path.read_text()))
        msg = frames.parse({"op": 1, "t": "#commit"}, body)
        assert isinstance(msg, CommitMsg)
        with pytest.raises(Rejected) as caught:
            check_commit(msg, KEY.public_key, None, LATER)
        assert caught.value.reason is RejectReason.BAD_SIGNATURE
        blocks = car.read(msg.blocks).blocks
        signed = Commit.from_bytes(blocks[msg.commit]).sign(KEY)
        renewed = car.write([signed.cid], [(signed.cid, signed.to_bytes()), *blocks.items()])
        msg = replace(msg, commit=signed.cid, blocks=renewed)
        commit = check_commit(msg, KEY.public_key, None, LATER)
        assert commit.chain is Chain.NO_PREV_DATA
        assert all(op.problem is None for op in commit.ops)


Event: TypeAlias = CommitMsg | SyncMsg | IdentityMsg | AccountMsg


def passes(
    msg: Event, keys: Mapping[str, PublicKey], known: dict[Did, RepoState], hidden: set[Did]
) -> bool:
    """Whether a consumer takes this message of a scenario; it keeps in mind what it took."""
    if isinstance(msg, AccountMsg):
        (hidden.discard if msg.active else hidden.add)(msg.did)
    if not isinstance(msg, CommitMsg | SyncMsg):
        return True
    did = msg.repo if isinstance(msg, CommitMsg) else msg.did
    if did in hidden:
        return False
    try:
        commit = (
            check_commit(msg, keys[did], known.get(did), LATER)
            if isinstance(msg, CommitMsg)
            else check_sync(msg, keys[did], LATER)
        )
    except Rejected:
        return False
    known[did] = RepoState(commit.rev, commit.data)
    return True


def test_relay_scenarios(vectors: Path) -> None:
    """In the scenarios of another implementation those messages pass that pass there."""
    paths = sorted(vectors.glob("indigo/cmd/relay/testing/testdata/*.json"))
    assert paths
    for path in paths:
        scenario = json.loads(path.read_text())
        keys: dict[str, PublicKey] = {}
        hidden: set[Did] = set()
        for account in scenario["accounts"]:
            identity = account["identity"]
            multikey = identity["keys"]["atproto"]["publicKeyMultibase"]
            keys[identity["did"]] = PublicKey.from_multikey(multikey)
            if account["status"] != "active":
                hidden.add(Did.parse(identity["did"]))
        known: dict[Did, RepoState] = {}
        last = 0
        for message in scenario["messages"]:
            body = data.from_json(message["frame"]["body"])
            msg = frames.parse(message["frame"]["header"], body)
            assert isinstance(msg, Event)
            seq = msg.seq
            fresh = seq > last
            last = max(last, seq)
            expected = not (message["drop"] or message["invalid"])
            assert (fresh and passes(msg, keys, known, hidden)) is expected, (path.name, seq)
