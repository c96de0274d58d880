"""Trees that no honest repo has, signed all the same: each is refused, at a bounded price."""

from __future__ import annotations

from itertools import count, islice

import pytest

from atp import car
from atp.cid import Cid
from atp.commit import Commit
from atp.mst import Node, depth
from atp.tid import Tid
from indexer import snapshot
from indexer.failure import Failure, ResyncFailed
from tests.indexer.authors import NAMES, Author
from tests.indexer.files import in_file

VALUE = Cid.for_cbor(b"\xa0")


def keys(at: int, number: int) -> list[bytes]:
    """Keys of ours of a depth, in order."""
    names = (f"{NAMES.track}/{n:06}".encode() for n in count())
    return list(islice((name for name in names if depth(name) == at), number))


def node(named: list[bytes], links: list[Node | None]) -> Node:
    """A node with these keys and subtrees, whatever they are."""
    links_by_cid = tuple(None if link is None else link.cid for link in links)
    return Node(tuple(named), (VALUE,) * len(named), links_by_cid)


def refused(root: Node, *others: Node) -> str:
    """Why the repo with this tree is refused."""
    by = Author(0)
    signed = Commit(by.did, Tid.from_micros(by.now, 1), root.cid).sign(by.key)
    nodes = {one.cid: one.to_bytes() for one in (root, *others)}
    content = car.write([signed.cid], [(signed.cid, signed.to_bytes()), *nodes.items()])
    with in_file(content) as file, pytest.raises(ResyncFailed) as failed:
        snapshot.read(
            file, by.did, by.key.public_key, [NAMES.track], by.now, pds="https://a.example.com"
        )
    assert failed.value.failure is Failure.BAD_REPO
    return failed.value.detail


def test_one_subtree_in_many_places() -> None:
    """A diamond, which would multiply at each level, ends at the second sight of its keys."""
    leaf = node(keys(0, 1), [None, None])
    tops = [key for key in keys(1, 300) if key > leaf.keys[0]]
    assert "out of its place" in refused(node(tops, [leaf] * (len(tops) + 1)), leaf)


def test_a_tree_deeper_than_its_root() -> None:
    """The root's keys say how deep it is; bridges that go on below are not followed."""
    leaf = node(keys(0, 1), [None, None])
    chain = [leaf]
    for _ in range(1_000):
        chain.append(node([], [chain[-1]]))
    top = keys(4, 1)
    assert "depth 0 has a subtree" in refused(node(top, [chain[-1], None]), *chain)


def test_a_root_that_is_only_a_bridge() -> None:
    """It would not say how deep the tree is."""
    leaf = node(keys(0, 1), [None, None])
    assert "no key" in refused(node([], [leaf]), leaf)


def test_keys_of_another_depth() -> None:
    """In a node below, and among each other."""
    low, high = keys(0, 1), [key for key in keys(2, 9) if key > keys(0, 1)[0]][:1]
    leaf = node(low, [None, None])
    assert "its place is 1" in refused(node(high, [leaf, None]), leaf)
    assert "depth" in refused(node(sorted(low + high), [None] * 3))


def test_keys_out_of_order() -> None:
    """Within a node, and between a subtree and the key beside it."""
    one, two = keys(0, 2)
    assert "order" in refused(Node((two, one), (VALUE, VALUE), (None, None, None)))
    later = [key for key in keys(0, 300) if key > keys(1, 1)[0]][:1]
    leaf = node(later, [None, None])
    assert "out of its place" in refused(node(keys(1, 1), [leaf, None]), leaf)
