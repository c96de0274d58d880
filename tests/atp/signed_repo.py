"""A repo whose account writes and signs as hosts do, for tests of what others make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from atp import car, cbor
from atp.cid import Cid
from atp.commit import Commit
from atp.frames import Action, CommitMsg, RepoOp, SyncMsg
from atp.keys import Curve, PrivateKey
from atp.mst_tree import Tree, covering_proof, new_blocks
from atp.sync import RepoState, VerifiedCommit
from atp.syntax import Did, Nsid, RecordKey
from atp.tid import Tid

NOW = 1_790_000_000_000_000
DID = Did("did:plc:44ybard66vv44zksje25o7dz")
KEY = PrivateKey.from_bytes(Curve.K256, b"\x01" * 32)
TIME = "2026-09-21T13:33:20.000Z"


def block_of(record: object) -> bytes:
    """A small record."""
    return cbor.encode({"$type": "com.example.note", "text": record})


def op(action: Action, path: str, cid: Cid | None, prev: Cid | None) -> RepoOp:
    """An operation; the paths of some vectors would not pass in a message."""
    collection, rkey = path.split("/")
    return RepoOp(action, path, Nsid(collection), RecordKey(rkey), cid, prev)


@dataclass
class SignedRepo:
    """The repo of one account; each commit is a second after the last one."""

    did: Did = DID
    key: PrivateKey = KEY
    tree: Tree = field(default_factory=Tree.empty)
    seq: int = 0
    rev: Tid | None = None

    @property
    def state(self) -> RepoState | None:
        """What somebody who has seen everything knows."""
        return None if self.rev is None else RepoState(self.rev, self.tree.root)

    def write(self, records: Mapping[str, bytes | None]) -> CommitMsg:
        """Commit these record blocks by path, None to delete; with a covering proof."""
        before, since = self.tree, self.rev
        ops = []
        for path, block in records.items():
            prev = self.tree.get(path.encode())
            cid = None if block is None else Cid.for_cbor(block)
            action: Action = "delete" if cid is None else "create" if prev is None else "update"
            ops.append(op(action, path, cid, prev))
            key = path.encode()
            self.tree = self.tree.delete(key) if cid is None else self.tree.put(key, cid)
        commit = self._commit()
        blocks = {commit.cid: commit.to_bytes()}
        blocks |= new_blocks(before, self.tree)
        blocks |= covering_proof(self.tree, [path.encode() for path in records])
        blocks |= {Cid.for_cbor(block): block for block in records.values() if block is not None}
        return CommitMsg(
            seq=self.seq,
            repo=self.did,
            commit=commit.cid,
            rev=commit.rev,
            since=since,
            prev_data=None if since is None else before.root,
            blocks=car.write([commit.cid], blocks.items()),
            ops=tuple(ops),
            time=TIME,
        )

    def sync(self) -> SyncMsg:
        """Commit nothing and say so with ``#sync``."""
        commit = self._commit()
        blocks = car.write([commit.cid], [(commit.cid, commit.to_bytes())])
        return SyncMsg(self.seq, self.did, blocks, commit.rev, TIME)

    def _commit(self) -> Commit:
        self.seq += 1
        self.rev = Tid.from_micros(NOW - 10**12 + self.seq * 10**6, 0)
        return Commit(self.did, self.rev, self.tree.root).sign(self.key)


def state_of(commit: VerifiedCommit) -> RepoState:
    """What is known after a commit."""
    return RepoState(commit.rev, commit.data)


def records(commit: VerifiedCommit) -> dict[str, bytes | None]:
    """What a commit says of each record."""
    return {f"{op.collection}/{op.rkey}": op.block for op in commit.ops}
