"""What a CAR proves of one record, and that nothing else is let through."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp import car
from atp.cid import Cid
from atp.commit import Commit
from atp.errors import Rejected, RejectReason
from atp.keys import Curve, PrivateKey, PublicKey
from atp.mst_tree import Tree
from atp.proof import Proof, check_proof
from atp.sync import MAX_AHEAD_MICROS, MAX_RECORD
from atp.syntax import Did, Nsid, RecordKey
from atp.tid import Tid
from tests.atp.second_opinion import proven
from tests.atp.signed_repo import DID, KEY, NOW, SignedRepo, block_of

NOTE = Nsid("com.example.note")
SIZES = (0, 1, 5, 300)
FOREIGN = PrivateKey.from_bytes(Curve.K256, b"\x02" * 32)


@cache
def repo(size: int) -> tuple[Commit, Tree, dict[str, bytes]]:
    """A repo of so many records: signed commit, whole tree, records by path."""
    records = {f"{NOTE}/r{n:04}": block_of(f"note {n}") for n in range(size)}
    ours = SignedRepo()
    for path, block in records.items():
        ours.tree = ours.tree.put(path.encode(), Cid.for_cbor(block))
    commit = Commit(DID, Tid.from_micros(NOW, 0), ours.tree.root).sign(KEY)
    return commit, ours.tree, records


def proof(size: int, rkey: str, *, commit: Commit | None = None) -> list[tuple[Cid, bytes]]:
    """The blocks that prove a record of such a repo, or its absence."""
    signed, tree, records = repo(size)
    commit = commit or signed
    path = f"{NOTE}/{rkey}"
    blocks = [(commit.cid, commit.to_bytes()), *tree.path(path.encode())]
    if path in records:
        blocks.append((Cid.for_cbor(records[path]), records[path]))
    return blocks


def written(blocks: list[tuple[Cid, bytes]]) -> bytes:
    """The CAR of these blocks, the first of which is its root."""
    return car.write([blocks[0][0]], blocks)


def check(
    data: bytes, rkey: str, did: Did = DID, key: PublicKey = KEY.public_key, now: int = NOW
) -> Proof:
    """What ``data`` proves."""
    return check_proof(data, did, key, NOTE, RecordKey(rkey), now_micros=now)


def refused(data: bytes, rkey: str, **more: object) -> RejectReason:
    """Why ``data`` proves nothing."""
    with pytest.raises(Rejected) as caught:
        check(data, rkey, **more)  # type: ignore[arg-type]
    return caught.value.reason


@pytest.mark.parametrize("size", SIZES)
def test_every_record_is_proven_and_every_absence(size: int) -> None:
    """Record or none as the repo has it; the second verifier finds the same in what is kept."""
    commit, _, records = repo(size)
    for n in range(-1, size + 1):
        rkey = f"r{n:04}"
        found = check(written(proof(size, rkey)), rkey)
        block = records.get(f"{NOTE}/{rkey}")
        assert (found.rev, found.commit) == (commit.rev, commit.cid)
        assert found.record == (None if block is None else Cid.for_cbor(block))
        told = proven(found.to_car(), DID, KEY.public_key.did_key(), f"{NOTE}/{rkey}")
        assert told == (commit.rev, block)


def test_order_does_not_matter_and_extras_go_no_further() -> None:
    """Hosts send blocks in any order and add others; exactly those needed are kept."""
    needed = proof(300, "r0123")
    others = [(cid, block) for cid, block in repo(300)[1].blocks()][:40]
    data = car.write([needed[0][0]], [*others, *reversed(needed)])
    assert check(data, "r0123").to_car() == written(needed)


@given(data=st.data(), rkey=st.sampled_from(["r0000", "r0123", "r0299", "s", "0"]))
def test_any_changed_byte_is_refused(data: st.DataObject, rkey: str) -> None:
    """A proof that has nothing but what is needed cannot bear any change."""
    whole = written(proof(300, rkey))
    at = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.integers(1, 255))
    refused(whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :], rkey)


@given(at=st.integers(0, 10_000))
def test_any_cut_is_refused(at: int) -> None:
    """Nor can it be shortened."""
    whole = written(proof(300, "r0123"))
    refused(whole[: at % len(whole)], "r0123")


@pytest.mark.parametrize("rkey", ["r0123", "s"])
def test_every_block_is_needed(rkey: str) -> None:
    """Without any one of its blocks it proves nothing."""
    blocks = proof(300, rkey)
    for gone in range(len(blocks)):
        rest = [block for n, block in enumerate(blocks) if n != gone]
        expected = RejectReason.MISSING_PROOF if gone else RejectReason.WRONG_ROOT
        assert refused(car.write([blocks[0][0]], rest), rkey) == expected


def test_a_proof_of_one_key_is_none_of_another() -> None:
    """What is absent is not proven by a proof of something else in a large repo."""
    reasons = {refused(written(proof(300, "r0123")), f"r{n:04}") for n in (0, 200, 299)}
    assert reasons == {RejectReason.MISSING_PROOF}


def test_it_is_of_this_account_and_under_its_key() -> None:
    """Another account's proof and another key's signature are refused."""
    data = written(proof(5, "r0001"))
    assert refused(data, "r0001", did=Did("did:web:other.test")) == RejectReason.WRONG_REPO
    assert refused(data, "r0001", key=FOREIGN.public_key) == RejectReason.BAD_SIGNATURE
    forged = replace(repo(5)[0], sig=None).sign(FOREIGN)
    assert refused(written(proof(5, "r0001", commit=forged)), "r0001") == RejectReason.BAD_SIGNATURE


def test_a_rev_of_the_future_is_refused() -> None:
    """A clock may be wrong by minutes, not more."""
    data = written(proof(5, "r0001"))
    assert check(data, "r0001", now=NOW - MAX_AHEAD_MICROS).record is not None
    assert refused(data, "r0001", now=NOW - MAX_AHEAD_MICROS - 1) == RejectReason.FUTURE_REV


@pytest.mark.parametrize("count", [0, 2])
def test_there_is_one_root(count: int) -> None:
    """None or several are not a proof."""
    blocks = proof(5, "r0001")
    assert refused(car.write([blocks[0][0]] * count, blocks), "r0001") == RejectReason.WRONG_ROOT


def test_the_root_is_a_commit() -> None:
    """A tree node at the root is no commit."""
    _, node = blocks = proof(5, "r0001")[:2]
    assert refused(car.write([node[0]], blocks), "r0001") == RejectReason.BAD_COMMIT


def test_a_node_in_the_wrong_place_is_refused() -> None:
    """Signed nonsense is nonsense: a record where a node should stand, a tree that skips a level."""
    commit, tree, records = repo(300)
    block = next(iter(records.values()))
    lower = next(b for c, b in tree.blocks() if c != tree.root)
    for data in (block, lower[:-1]):
        cid = Cid.for_cbor(data)
        signed = replace(commit, data=cid, sig=None).sign(KEY)
        blocks = [(signed.cid, signed.to_bytes()), (cid, data)]
        assert refused(written(blocks), "r0123") == RejectReason.BAD_TREE


def test_a_record_has_a_size() -> None:
    """The largest that is indexed is the largest that is proven."""
    for size, fits in ((MAX_RECORD, True), (MAX_RECORD + 1, False)):
        block = bytes(size)
        cid = Cid.for_cbor(block)
        tree = Tree.empty().put(f"{NOTE}/a".encode(), cid)
        commit = Commit(DID, Tid.from_micros(NOW, 0), tree.root).sign(KEY)
        blocks = [(commit.cid, commit.to_bytes()), *tree.blocks(), (cid, block)]
        if fits:
            assert check(written(blocks), "a").record == cid
        else:
            assert refused(written(blocks), "a") == RejectReason.TOO_LARGE
