"""Splitting and joining of nodes, on small trees drawn by hand."""

from __future__ import annotations

from atp.cid import Cid
from atp.mst import EMPTY, Link, Node
from atp.mst_edit import (
    lift,
    merge,
    split,
    with_entry,
    with_link,
    with_value,
    without_entry,
)

A, B, C = (Cid.for_cbor(name) for name in (b"a", b"b", b"c"))
LOW = Node((b"a",), (A,), (None, None))
HIGH = Node((b"c",), (C,), (None, None))
BOTH = Node((b"a", b"c"), (A, C), (None, None, None))
BRIDGE = Node((), (), (BOTH,))


def load(link: Node | Cid, at: int) -> Node:
    """All nodes here are at hand."""
    assert isinstance(link, Node)
    assert at >= 0
    return link


def shape(link: Link) -> object:
    """A subtree as nested lists: subtrees between keys."""
    if not isinstance(link, Node):
        return link
    parts: list[object] = [shape(link.links[0])]
    for key, right in zip(link.keys, link.links[1:], strict=True):
        parts += (key, shape(right))
    return parts


def test_split() -> None:
    """A subtree falls apart at a key on every level, and a side that is left empty is no node."""
    left, right = split(BRIDGE, 1, b"b", load)
    assert shape(left) == [[None, b"a", None]]
    assert shape(right) == [[None, b"c", None]]
    assert [shape(side) for side in split(BRIDGE, 1, b"d", load)] == [shape(BRIDGE), None]
    assert [shape(side) for side in split(BRIDGE, 1, b"0", load)] == [None, shape(BRIDGE)]
    assert split(None, 1, b"b", load) == (None, None)


def test_merge() -> None:
    """Joining undoes splitting; an empty side leaves the other as it is, even unread."""
    left, right = split(BRIDGE, 1, b"b", load)
    assert shape(merge(left, right, 1, load)) == shape(BRIDGE)
    assert merge(None, A, 1, load) is A
    assert merge(A, None, 1, load) is A
    assert merge(None, None, 1, load) is None


def test_entries() -> None:
    """An entry goes in between the halves of the subtree it parts, and out again."""
    node = Node((b"x",), (A,), (BOTH, None))
    more = with_entry(node, 1, b"b", B, load)
    assert shape(more) == [[None, b"a", None], b"b", [None, b"c", None], b"x", None]
    assert more.values == (B, A)
    less = without_entry(more, 1, 0, load)
    assert less is not None
    assert (shape(less), less.values) == (shape(node), node.values)
    assert without_entry(LOW, 0, 0, load) is None
    assert with_value(BOTH, 1, B).values == (A, B)


def test_links() -> None:
    """A node without keys lives on its subtree; a node with keys can do without."""
    assert with_link(BRIDGE, 0, None) is None
    assert shape(with_link(BRIDGE, 0, LOW)) == [[None, b"a", None]]
    assert shape(with_link(Node((b"x",), (A,), (None, LOW)), 1, None)) == [None, b"x", None]


def test_lift() -> None:
    """A subtree is lifted through one bridge a level; nothing stays nothing."""
    assert lift(LOW, 0) is LOW
    assert shape(lift(LOW, 2)) == [[[None, b"a", None]]]
    assert lift(None, 2) is None
    assert EMPTY.links == (None,)
