"""A repository as it was fetched: proven, and read no further than our collections.

The account has signed the root of the tree, and the root fixes every key below it. Of the tree all
nodes are read in which a key of ours could stand, each hashed, checked alone and in its place, its
keys in order (`atp.mst_tree`). So what is found is all that the account has of ours at ``rev``, and
nothing else; of a listener with a million posts only the way to a few likes is read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from atp.cid import Cid
from atp.commit import Commit
from atp.errors import AtpError, CommitError, InvalidIdentifier
from atp.keys import PublicKey
from atp.mst import Node
from atp.mst_tree import Tree
from atp.sync import MAX_AHEAD_MICROS, RepoState
from atp.syntax import Did, Nsid, RecordKey
from indexer.car_file import CarFile
from indexer.failure import Failure, ResyncFailed

MAX_RECORDS = 1_000_000
"""Records of ours in one repository."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an account has of ours at a state: the CID of each record, by collection and key.

    ``pds`` is the origin that sent it.
    """

    pds: str
    state: RepoState
    records: Mapping[tuple[str, str], Cid]
    blocks: CarFile


def read(
    file: BinaryIO,
    did: Did,
    key: PublicKey,
    collections: list[Nsid],
    now_micros: int,
    *,
    pds: str,
) -> Snapshot:
    """The snapshot in a CAR from ``pds``, proven to be of ``did`` and signed with ``key``.

    Raises `ResyncFailed`. Takes a second for a large repository: call it in a thread.
    """
    try:
        blocks = CarFile(file)
        try:
            state = _signed_state(blocks, did, key, now_micros)
            tree = Tree.load(state.data, blocks)
            return Snapshot(pds, state, dict(_ours(tree, collections)), blocks)
        except BaseException:
            blocks.close()
            raise
    except CommitError as exc:
        raise ResyncFailed(Failure.BAD_COMMIT, str(exc)) from exc
    except AtpError as exc:
        raise ResyncFailed(Failure.BAD_REPO, f"{type(exc).__name__}: {exc}") from exc


def _signed_state(blocks: CarFile, did: Did, key: PublicKey, now_micros: int) -> RepoState:
    block = blocks.get(blocks.root)
    if block is None:
        raise ResyncFailed(Failure.BAD_COMMIT, "the CAR has no block at its root")
    commit = Commit.from_bytes(block)
    if commit.did != did:
        raise ResyncFailed(Failure.WRONG_REPO, f"it is the repo of {commit.did}")
    if commit.rev.micros() > now_micros + MAX_AHEAD_MICROS:
        raise ResyncFailed(Failure.FUTURE_REV, f"{commit.rev} lies in the future")
    if not commit.verify(key):
        raise ResyncFailed(Failure.BAD_SIGNATURE, f"of {blocks.root} by {key.did_key()}")
    return RepoState(commit.rev, commit.data)


def _ours(tree: Tree, collections: list[Nsid]) -> Iterator[tuple[tuple[str, str], Cid]]:
    count = 0
    for collection in sorted(collections):
        low, high = f"{collection}/".encode(), f"{collection}0".encode()  # "0" follows "/"
        for key, cid in _between(tree, low, high):
            count += 1
            if count > MAX_RECORDS:
                raise ResyncFailed(Failure.TOO_LARGE, f"more than {MAX_RECORDS} records of ours")
            rkey = key[len(low) :].decode(errors="replace")
            if not _is_key(rkey):
                continue  # nothing can name it, and the others stand
            yield (collection, rkey), cid


def _is_key(text: str) -> bool:
    try:
        RecordKey.parse(text)
    except InvalidIdentifier:
        return False
    return True


def _between(tree: Tree, low: bytes, high: bytes) -> Iterator[tuple[bytes, Cid]]:
    """The keys from ``low`` to before ``high``, in order. Raises `MstError`."""
    last = low
    for key, cid in _below(tree, *tree.top(), low, high):
        if not last < key < high:
            raise ResyncFailed(Failure.BAD_REPO, f"the key {key!r} is out of its place")
        last = key
        yield key, cid


def _below(tree: Tree, node: Node, at: int, low: bytes, high: bytes) -> Iterator[tuple[bytes, Cid]]:
    last = bisect_left(node.keys, high)
    for index in range(bisect_left(node.keys, low), last + 1):
        link = node.links[index]
        if link is not None:
            yield from _below(tree, tree.node(link, at - 1), at - 1, low, high)
        if index < last:
            yield node.keys[index], node.values[index]
