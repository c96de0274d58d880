"""Commit objects, against real ones, cbor2 and forgers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp import car, frames
from atp.cid import Cid
from atp.commit import Commit
from atp.errors import CommitError
from atp.frames import CommitMsg, SyncMsg
from atp.keys import Curve, PrivateKey
from atp.mst import EMPTY
from atp.syntax import Did
from atp.tid import Tid
from tests.atp.captures import pds_frames, pds_keys, relay_frames, relay_keys

KEYS = [PrivateKey.from_bytes(curve, b"\x07" * 32) for curve in Curve]
COMMIT = Commit(Did("did:web:example.com"), Tid("3jzfcijpj2z2a"), EMPTY.cid)
SIGNED = COMMIT.sign(KEYS[0])


def link(cid: Cid) -> cbor2.CBORTag:
    """A CID as cbor2 writes links."""
    return cbor2.CBORTag(42, b"\x00" + cid)


def fields(commit: Commit) -> dict[str, Any]:
    """The map that is signed, by the letter of the specification."""
    return {
        "did": str(commit.did),
        "version": 3,
        "data": link(commit.data),
        "rev": str(commit.rev),
        "prev": None if commit.prev is None else link(commit.prev),
    }


def edited(**changes: object) -> bytes:
    """The block of a signed commit with some fields altered; ``...`` removes one."""
    altered = fields(SIGNED) | {"sig": SIGNED.sig} | changes
    altered = {name: value for name, value in altered.items() if value is not ...}
    return cbor2.dumps(altered, canonical=True)


def test_real_commits(vectors: Path, shared: Path) -> None:
    """Every captured commit is read, written as it is, and verifies with its account's key only."""
    keys = relay_keys(vectors) | pds_keys(shared)
    count = 0
    for frame in relay_frames(vectors) + pds_frames(shared):
        msg = frames.decode(frame)
        if not isinstance(msg, CommitMsg | SyncMsg):
            continue
        file = car.read(msg.blocks)
        block = file.blocks[file.roots[0]]
        commit = Commit.from_bytes(block)
        assert commit.to_bytes() == block
        assert commit.cid == file.roots[0]
        assert commit.rev == msg.rev
        assert commit.verify(keys[commit.did])
        assert not commit.verify(KEYS[0].public_key)
        assert not replace(commit, data=EMPTY.cid, prev=commit.cid).verify(keys[commit.did])
        count += 1
    assert count > 100


def test_expected_commit(vectors: Path) -> None:
    """A real repo's commit says what another implementation printed of it."""
    paths = list(vectors.rglob("car_expected_commit.txt"))
    assert paths
    for path in paths:
        file = car.read(path.with_name("repo.car").read_bytes())
        commit = Commit.from_bytes(file.blocks[file.roots[0]])
        printed = dict(line.split(": ", 1) for line in path.read_text().splitlines() if line)
        assert commit.did == printed["DID"]
        assert str(commit.data) == printed["Data CID"]
        assert commit.prev is None
        assert commit.rev == printed["Revision"]


def test_version_2(vectors: Path) -> None:
    """Commits of version 2, all from 2023, are refused by their version or for want of a rev."""
    file = car.read((vectors / "indigo/testing/testdata/paul_staging.repo.car").read_bytes())
    with pytest.raises(CommitError, match="rev is missing"):
        Commit.from_bytes(file.blocks[file.roots[0]])
    with pytest.raises(CommitError, match="version 2"):
        Commit.from_bytes(edited(version=2))


@pytest.mark.parametrize("key", KEYS)
@given(prev=st.none() | st.binary().map(Cid.for_cbor))
def test_sign_and_verify(key: PrivateKey, prev: Cid | None) -> None:
    """What is signed are the DRISL bytes of all fields but the signature."""
    commit = replace(COMMIT, prev=prev)
    unsigned = cbor2.dumps(fields(commit), canonical=True)
    assert commit.unsigned_bytes() == unsigned
    signed = commit.sign(key)
    assert signed.sig is not None
    assert key.public_key.verify(unsigned, signed.sig)
    assert signed.verify(key.public_key)
    assert Commit.from_bytes(signed.to_bytes()) == signed
    assert signed.cid == Cid.for_cbor(signed.to_bytes())
    assert not commit.verify(key.public_key)
    for other in KEYS:
        assert signed.verify(other.public_key) is (other is key)


def test_unsigned() -> None:
    """A commit that is not signed has no block."""
    with pytest.raises(CommitError, match="has to be signed"):
        COMMIT.to_bytes()


def test_unknown_fields() -> None:
    """Fields that we do not know are signed with the rest, so they are kept and checked."""
    commit = replace(COMMIT, extra={"a": 1, "later": [EMPTY.cid]}).sign(KEYS[0])
    read = Commit.from_bytes(commit.to_bytes())
    assert read == commit
    assert read.verify(KEYS[0].public_key)
    assert not replace(read, extra={"a": 2}).verify(KEYS[0].public_key)


@given(st.data())
def test_forged(data: st.DataObject) -> None:
    """No signed bit can be changed without the signature failing."""
    block = bytearray(SIGNED.to_bytes())
    block[data.draw(st.integers(0, len(block) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        commit = Commit.from_bytes(bytes(block))
    except CommitError:
        return
    assert not commit.verify(KEYS[0].public_key)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (b"", "not a commit"),
        (b"\x80", "not a commit"),
        (SIGNED.to_bytes() + b"\x00", "not a commit"),
        (edited(did=...), "did is missing"),
        (edited(did="alice.test"), "not a valid DID"),
        (edited(did=1), "did is missing or not text"),
        (edited(rev=...), "rev is missing"),
        (edited(rev="now"), "not a valid TID"),
        (edited(version=...), "version None"),
        (edited(version="3"), "version '3'"),
        (edited(data=...), "data is missing"),
        (edited(data=None), "data is null"),
        (edited(data=bytes(EMPTY.cid)), "not a link"),
        (edited(data=link(Cid.for_raw(b""))), "not a link to a DRISL"),
        (edited(prev=...), "prev is missing"),
        (edited(prev=0), "not a link"),
        (edited(sig=...), "no signature"),
        (edited(sig=None), "no signature"),
        (edited(sig=link(EMPTY.cid)), "no signature"),
    ],
)
def test_refused(block: bytes, message: str) -> None:
    """Each kind of malformed commit is refused, and the message says why."""
    with pytest.raises(CommitError, match=message):
        Commit.from_bytes(block)


@pytest.mark.parametrize("sig", [b"", b"x" * 64, SIGNED.sig, bytes(64)])
def test_bad_signatures(sig: bytes) -> None:
    """A signature of another length, of nothing, or of another commit does not verify."""
    commit = Commit.from_bytes(edited(sig=sig, rev="3jzfcijpj2z2b"))
    assert not commit.verify(KEYS[0].public_key)
