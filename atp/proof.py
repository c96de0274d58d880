"""The proof that a record is in a repo, or that it is not (spec §1.13, ``sync.getRecord``).

A CAR whose one root is the signed commit, with the tree nodes from its ``data`` to the key or to
where the key would be, and the record if there is one. Of what a host sends only these blocks are
kept: what it adds beside them proves nothing and goes no further.

A proof tells how the repo stood at its ``rev``, and not that there is no later one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from atp import car
from atp.cid import Cid
from atp.commit import Commit
from atp.errors import CarError, CommitError, MissingBlock, MstError, Rejected, RejectReason
from atp.keys import PublicKey
from atp.mst_tree import Tree
from atp.sync import MAX_AHEAD_MICROS, MAX_RECORD
from atp.syntax import Did, Nsid, RecordKey
from atp.tid import Tid


@dataclass(frozen=True, slots=True)
class Proof:
    """What the repo has under a key at ``rev``; ``record`` is None where that is nothing.

    ``blocks`` begin with the commit, then come the nodes from the root down, then the record.
    """

    rev: Tid
    commit: Cid
    record: Cid | None
    blocks: Sequence[tuple[Cid, bytes]] = field(repr=False)

    def to_car(self) -> bytes:
        """The proof as it travels."""
        return car.write([self.commit], self.blocks)


def check_proof(
    data: bytes, did: Did, key: PublicKey, collection: Nsid, rkey: RecordKey, *, now_micros: int
) -> Proof:
    """What the CAR ``data`` proves of the record ``collection/rkey`` of ``did``, under ``key``.

    ``now_micros`` is in µs since the epoch. Raises `Rejected` where it proves neither that the
    record is there nor that it is not.
    """
    file = _read(data)
    root, commit = _commit(file)
    if commit.did != did:
        raise Rejected(RejectReason.WRONG_REPO, f"it is of {commit.did}")
    if commit.rev.micros() > now_micros + MAX_AHEAD_MICROS:
        raise Rejected(RejectReason.FUTURE_REV, f"{commit.rev} lies in the future")
    if not commit.verify(key):
        raise Rejected(RejectReason.BAD_SIGNATURE, f"of commit {root} by {key.did_key()}")
    path = f"{collection}/{rkey}".encode()
    try:
        tree = Tree.load(commit.data, file.blocks)
        record, nodes = tree.get(path), tree.path(path)
    except MissingBlock as exc:
        raise Rejected(RejectReason.MISSING_PROOF, str(exc)) from exc
    except MstError as exc:
        raise Rejected(RejectReason.BAD_TREE, str(exc)) from exc
    blocks = [(root, file.blocks[root]), *nodes]
    if record is not None:
        blocks.append((record, _record(file, record)))
    return Proof(commit.rev, root, record, tuple(blocks))


def _read(data: bytes) -> car.Car:
    try:
        return car.read(data)
    except CarError as exc:
        raise Rejected(RejectReason.BAD_CAR, str(exc)) from exc


def _commit(file: car.Car) -> tuple[Cid, Commit]:
    if len(file.roots) != 1:
        raise Rejected(RejectReason.WRONG_ROOT, f"{len(file.roots)} roots instead of one")
    (root,) = file.roots
    if root not in file.blocks:
        raise Rejected(RejectReason.WRONG_ROOT, "the CAR has no block at its root")
    try:
        return root, Commit.from_bytes(file.blocks[root])
    except CommitError as exc:
        raise Rejected(RejectReason.BAD_COMMIT, str(exc)) from exc


def _record(file: car.Car, cid: Cid) -> bytes:
    block = file.blocks.get(cid)
    if block is None:
        raise Rejected(RejectReason.MISSING_PROOF, f"the record {cid} is not among the blocks")
    if len(block) > MAX_RECORD:
        raise Rejected(RejectReason.TOO_LARGE, f"a record of {len(block)} bytes")
    return block
