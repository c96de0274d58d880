"""One account's repository, as its PDS keeps it: records, tree, signed head.

Pure: time comes in with each call, keys and the TID clock at the start. Each change makes the
`#commit` that announces it (spec digest 1.6, 1.8): `since` and `prevData` of the commit before,
`prev` of every op, and in its blocks the new tree nodes, the written records and the covering
proofs that let a consumer undo the ops and arrive at `prevData`. Messages leave here with sequence
number 0; the server that sends them numbers them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy as shallow
from dataclasses import dataclass
from typing import Any, TypeAlias

from atp import car, cbor, data, mst_tree
from atp.cid import Cid
from atp.commit import Commit
from atp.datetime import Datetime
from atp.frames import MAX_OPS, Action, CommitMsg, RepoOp, SyncMsg
from atp.keys import PrivateKey
from atp.mst_tree import Tree
from atp.sync import MAX_COMMIT_BLOCKS
from atp.syntax import Did, Nsid, RecordKey
from atp.tid import TidClock

MAX_RECORD = 1_000_000
"""Bytes in one record, as PDSes allow them (consumers allow a little more)."""


class WriteError(ValueError):
    """A write that a PDS would refuse; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Create:
    """A new record; its key is drawn from the account's TID clock where none is given."""

    collection: str
    record: dict[str, Any]
    rkey: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A new value for a record that exists."""

    collection: str
    rkey: str
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """The end of a record that exists."""

    collection: str
    rkey: str


Write: TypeAlias = Create | Update | Delete
_ACTIONS: dict[type[Write], Action] = {Create: "create", Update: "update", Delete: "delete"}


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands: its block, and the same as JSON."""

    cid: Cid
    block: bytes
    value: dict[str, Any]
    blobs: frozenset[Cid]

    @classmethod
    def of(cls, collection: str, value: dict[str, Any]) -> Record:
        """The record of that JSON value, `$type` added where it is missing."""
        content = data.record_from_json({"$type": collection, **value})
        block = cbor.encode(content)
        if len(block) > MAX_RECORD:
            raise WriteError(f"a record of {len(block)} bytes is over the {MAX_RECORD} allowed")
        blobs = frozenset(blob.cid for blob in data.blob_refs(content))
        written = {name: data.to_json(field) for name, field in content.items()}
        return cls(Cid.for_cbor(block), block, written, blobs)


class Repo:
    """The repository of `did`, signed by `key`; it begins with an empty commit."""

    def __init__(self, did: Did, key: PrivateKey, tids: TidClock, now_micros: int) -> None:
        self.did = did
        self.key = key
        self.records: dict[str, Record] = {}
        """Every live record by its path, `<collection>/<rkey>`."""
        self._tids = tids
        self._tree = Tree.empty()
        self.head = self._sign(self._tree, now_micros)

    def copy(self, key: PrivateKey) -> Repo:
        """The same repository for another PDS to keep, signed by `key` from its next commit on."""
        copy = shallow(self)
        copy.key, copy.records = key, dict(self.records)
        return copy

    def genesis(self, now_micros: int) -> CommitMsg:
        """The `#commit` that announces the empty repository: no `since`, no `prevData`."""
        return self._message(self.head, None, [], dict(self._tree.blocks()), now_micros)

    def apply(self, writes: Sequence[Write], now_micros: int) -> CommitMsg:
        """Make the writes in one commit (none is an empty commit). Raises WriteError."""
        if len(writes) > MAX_OPS:
            raise WriteError(f"{len(writes)} writes in one commit; {MAX_OPS} are allowed")
        steps = [self._step(write, now_micros) for write in writes]
        if len({op.path for op, _ in steps}) < len(steps):
            raise WriteError("one commit may write each record only once")
        tree = self._tree
        for op, _ in steps:
            key = op.path.encode()
            tree = tree.delete(key) if op.cid is None else tree.put(key, op.cid)
        blocks = dict([next(tree.blocks())])  # the root, also where nothing changes
        # Every node that is new lies on the way to a written key or its neighbours.
        blocks |= mst_tree.covering_proof(tree, [op.path.encode() for op, _ in steps])
        blocks |= {record.cid: record.block for _, record in steps if record}
        head = self._sign(tree, now_micros)
        message = self._message(head, self.head, [op for op, _ in steps], blocks, now_micros)
        if len(message.blocks) > MAX_COMMIT_BLOCKS:
            raise WriteError(
                f"{len(message.blocks)} bytes in one commit; {MAX_COMMIT_BLOCKS} are allowed"
            )
        self.head, self._tree = head, tree
        for op, record in steps:
            if record is None:
                del self.records[op.path]
            else:
                self.records[op.path] = record
        return message

    def announce(self, now_micros: int) -> SyncMsg:
        """The `#sync` that states the present head."""
        time = Datetime.from_micros(now_micros)
        return SyncMsg(0, self.did, _car(self.head, []), self.head.rev, time)

    def to_car(self) -> bytes:
        """The whole repository (getRepo)."""
        records = ((record.cid, record.block) for record in self.records.values())
        return _car(self.head, [*self._tree.blocks(), *records])

    def proof(self, path: str) -> bytes:
        """Commit, tree path and record that prove a record, or that there is none (getRecord)."""
        blocks = list(self._tree.path(path.encode()))
        if record := self.records.get(path):
            blocks.append((record.cid, record.block))
        return _car(self.head, blocks)

    def collections(self) -> set[str]:
        """The collections that have a record."""
        return {path.partition("/")[0] for path in self.records}

    def records_of(self, collection: Nsid) -> list[tuple[RecordKey, Record]]:
        """A collection's records, by key."""
        prefix = f"{collection}/"
        return [
            (RecordKey(path.removeprefix(prefix)), record)
            for path, record in self.records.items()
            if path.startswith(prefix)
        ]

    def next_rkey(self, now_micros: int) -> RecordKey:
        """A fresh TID for a record's key."""
        return RecordKey(self._tids.next(now_micros))

    def _step(self, write: Write, now_micros: int) -> tuple[RepoOp, Record | None]:
        collection = Nsid.parse(write.collection)
        rkey = RecordKey.parse(write.rkey) if write.rkey else self.next_rkey(now_micros)
        path = f"{collection}/{rkey}"
        old = self.records.get(path)
        if (old is None) != isinstance(write, Create):
            raise WriteError(f"{path} {'exists already' if old else 'does not exist'}")
        record = None if isinstance(write, Delete) else Record.of(collection, write.record)
        op = RepoOp(
            action=_ACTIONS[type(write)],
            path=path,
            collection=collection,
            rkey=rkey,
            cid=record.cid if record else None,
            prev=old.cid if old else None,
        )
        return op, record

    def _sign(self, tree: Tree, now_micros: int) -> Commit:
        rev = self._tids.next(now_micros)
        return Commit(did=self.did, rev=rev, data=tree.root, prev=None, sig=None).sign(self.key)

    def _message(
        self,
        head: Commit,
        previous: Commit | None,
        ops: Sequence[RepoOp],
        blocks: dict[Cid, bytes],
        now_micros: int,
    ) -> CommitMsg:
        return CommitMsg(
            seq=0,
            repo=self.did,
            commit=head.cid,
            rev=head.rev,
            since=previous.rev if previous else None,
            prev_data=previous.data if previous else None,
            blocks=_car(head, blocks.items()),
            ops=tuple(ops),
            time=Datetime.from_micros(now_micros),
            too_big=False,
        )


def _car(head: Commit, blocks: Iterable[tuple[Cid, bytes]]) -> bytes:
    # The reference PDS does not put the root first either; a reader that expects it is wrong.
    return car.write([head.cid], [*blocks, (head.cid, head.to_bytes())])
