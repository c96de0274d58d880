"""The Merkle search tree of a repo, as a value (spec §1.5).

A `Tree` never changes; `Tree.put` and `Tree.delete` give another, which shares all but the nodes on
the way to the key. Blocks and CIDs of new nodes are made when they are asked for, so a commit of
many operations pays for each of its nodes once. A tree that is loaded reads a node only when
something goes through it: from the blocks of one commit it is a partial tree, and going where its
nodes end raises `MissingBlock`.

Every node that is read is checked alone (`Node.from_bytes`) and against the depth that its place in
the tree demands, which also bounds every walk and rules out cycles. That keys are in order across
nodes is checked where all of a tree is walked, in `Tree.items` and `verify_whole`; a look-up finds
a key only where order wants it, so a key that stands elsewhere does not exist for it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Self, TypeAlias

from atp.cid import Cid
from atp.errors import MissingBlock, MstError
from atp.mst import EMPTY, Link, Node, check_key, cid_of, depth
from atp.mst_edit import Load, lift, split, with_entry, with_link, with_value, without_entry

_Bisect: TypeAlias = Callable[[tuple[bytes, ...], bytes], int]


class Tree:
    """All keys of a repo and the CID of each one's record."""

    __slots__ = ("_blocks", "_nodes", "_root")

    def __init__(
        self, root: Node | Cid, blocks: Mapping[Cid, bytes], nodes: dict[Cid, Node]
    ) -> None:
        """``nodes`` keeps what has been read of ``blocks``, for all trees made from this one."""
        self._root = root
        self._blocks = blocks
        self._nodes = nodes

    @classmethod
    def empty(cls) -> Self:
        """The tree without keys."""
        return cls(EMPTY, {}, {})

    @classmethod
    def load(cls, root: Cid, blocks: Mapping[Cid, bytes]) -> Self:
        """The tree whose root is ``root``; nodes are read from ``blocks`` as they are needed.

        The blocks have to match their CIDs, as those of `atp.car.read` do. From here on everything
        but `root` may raise `MstError`, and `MissingBlock` where the blocks are not all of a tree.
        """
        return cls(root, blocks, {})

    @property
    def root(self) -> Cid:
        """The CID of the root node: the ``data`` of a commit."""
        return cid_of(self._root)

    def get(self, key: bytes) -> Cid | None:
        """The CID of the record under ``key``, None where the tree does not have it."""
        node, index = self.descend(key, depth(key))[-1]
        return node.values[index] if _holds(node, index, key) else None

    def put(self, key: bytes, value: Cid) -> Tree:
        """The tree with ``value`` under ``key``, new or in place of another."""
        check_key(key)
        goal = depth(key)
        root, height = self.top()
        if goal > height:
            sides = split(root, height, key, self.node) if root.keys else (None, None)
            left, right = (lift(side, goal - height - 1) for side in sides)
            return self._with_root(Node((key,), (value,), (left, right)))
        way = self.descend(key, goal)
        node, index = way.pop()
        at = height - len(way)
        edited: Node | None
        if at > goal:
            leaf = lift(Node((key,), (value,), (None, None)), at - goal - 1)
            edited = with_link(node, index, leaf)
        elif _holds(node, index, key):
            edited = with_value(node, index, value)
        else:
            edited = with_entry(node, at, key, value, self.node)
        return self._rebuilt(way, edited)

    def delete(self, key: bytes) -> Tree:
        """The tree without ``key``. Raises `MstError` where it does not have it."""
        goal = depth(key)
        way = self.descend(key, goal)
        node, index = way.pop()
        if not _holds(node, index, key):
            raise MstError(f"there is no key {key!r} to delete")
        return self._rebuilt(way, without_entry(node, goal, index, self.node))

    def items(self) -> Iterator[tuple[bytes, Cid]]:
        """All keys in order, with their values."""
        return _in_order(_entries(*self.top(), self.node))

    def path(self, key: bytes) -> list[tuple[Cid, bytes]]:
        """The blocks of the nodes from the root to ``key``, or to where it would be.

        With the root's CID they prove that the key has its value, or that it is absent.
        """
        return [(node.cid, node.to_bytes()) for node, _ in self.descend(key, depth(key))]

    def blocks(self) -> Iterator[tuple[Cid, bytes]]:
        """The block of every node at hand, once, each before those below it, in key order.

        That is all of a tree that was built, and of a tree that was loaded what has been read.
        """
        seen: set[Cid] = set()
        links: list[Link] = [self._root]
        while links:
            link = links.pop()
            node = self._nodes.get(link) if isinstance(link, Cid) else link
            if node is not None and node.cid not in seen:
                seen.add(node.cid)
                yield node.cid, node.to_bytes()
                links += reversed(node.links)

    def top(self) -> tuple[Node, int]:
        """The root node and the depth of its keys, which is -1 for the empty tree."""
        node = self._read(self._root) if isinstance(self._root, Cid) else self._root
        if node.depth is None:
            if node.links[0] is not None:
                raise MstError(f"the root {node.cid} has a subtree but no key")
            return node, -1
        return node, node.depth

    def node(self, link: Node | Cid, at: int) -> Node:
        """The node of depth ``at`` that ``link`` leads to, read once."""
        return link if isinstance(link, Node) else _in_place(self._read(link), at)

    def _read(self, cid: Cid) -> Node:
        node = self._nodes.get(cid)
        if node is None:
            node = self._nodes[cid] = _read(self._blocks, cid)
        return node

    def descend(
        self, key: bytes, goal: int, bisect: _Bisect = bisect_left
    ) -> list[tuple[Node, int]]:
        """The nodes from the root down to depth ``goal``, or to where the way to ``key`` ends.

        With each comes the index of the key in it, or of the link that leads on.
        """
        node, at = self.top()
        index = bisect(node.keys, key)
        way = [(node, index)]
        while at > goal and (link := node.links[index]) is not None:
            at -= 1
            node = self.node(link, at)
            index = bisect(node.keys, key)
            way.append((node, index))
        return way

    def _rebuilt(self, way: list[tuple[Node, int]], edited: Node | None) -> Tree:
        """The tree in which the last step of ``way`` leads to ``edited``."""
        for parent, index in reversed(way):
            edited = with_link(parent, index, edited)
        root: Node | Cid = edited or EMPTY
        while isinstance(root, Node) and not root.keys and root.links[0] is not None:
            root = root.links[0]
            if isinstance(root, Cid) and root in self._blocks:
                root = self._read(root)
        return self._with_root(root)

    def _with_root(self, root: Node | Cid) -> Tree:
        return Tree(root, self._blocks, self._nodes)


def verify_whole(root: Cid, blocks: Mapping[Cid, bytes]) -> Iterator[tuple[bytes, Cid]]:
    """All keys of the tree in order, with their values; every rule of §1.5 holds up to there.

    Keeps nothing of what it has passed. Raises `MstError`, or `MissingBlock` where a node is not
    among ``blocks``. Whether the records are there is not checked.
    """

    def load(link: Node | Cid, at: int) -> Node:
        return link if isinstance(link, Node) else _in_place(_read(blocks, link), at)

    return _in_order(_entries(*Tree.load(root, blocks).top(), load))


def new_blocks(old: Tree, new: Tree) -> Iterator[tuple[Cid, bytes]]:
    """The blocks of the nodes that ``new`` has and ``old`` has not, from the root down.

    Both are walked level by level and only where they differ: a node that both have stands on the
    same level in both, and so does all that is below it.
    """
    (old_top, old_depth), (new_top, new_depth) = old.top(), new.top()
    theirs: dict[Cid, Node | Cid] = {}
    ours: dict[Cid, Node | Cid] = {}
    for at in range(max(old_depth, new_depth), -2, -1):
        if at == old_depth:
            theirs[old_top.cid] = old_top
        if at == new_depth:
            ours[new_top.cid] = new_top
        gone = [old.node(link, at) for cid, link in theirs.items() if cid not in ours]
        fresh = [new.node(link, at) for cid, link in ours.items() if cid not in theirs]
        yield from ((node.cid, node.to_bytes()) for node in fresh)
        theirs, ours = _below(gone), _below(fresh)


def covering_proof(tree: Tree, keys: Iterable[bytes]) -> dict[Cid, bytes]:
    """The blocks on the way to each key and to its neighbours left and right.

    They are what it takes to undo an operation on the key: where its subtrees were joined or have
    to be, the seam between them is there down to the bottom (spec §1.6).
    """
    return {
        node.cid: node.to_bytes()
        for key in keys
        for bisect in (bisect_left, bisect_right)
        for node, _ in tree.descend(key, 0, bisect)
    }


def _holds(node: Node, index: int, key: bytes) -> bool:
    return index < len(node.keys) and node.keys[index] == key


def _read(blocks: Mapping[Cid, bytes], cid: Cid) -> Node:
    block = blocks.get(cid)
    if block is None:
        raise MissingBlock(f"tree node {cid} is not among the blocks")
    return Node.from_bytes(block)


def _in_place(node: Node, at: int) -> Node:
    """``node``, once it is known that it may stand at depth ``at``, below a root."""
    if at < 0:
        raise MstError("a node of depth 0 has a subtree")
    if node.depth is None:
        if node.links[0] is None:
            raise MstError(f"the node {node.cid} is empty, which only a root may be")
    elif node.depth != at:
        raise MstError(f"the node {node.cid} has keys of depth {node.depth}, its place is {at}")
    return node


def _entries(node: Node, at: int, load: Load) -> Iterator[tuple[bytes, Cid]]:
    """The keys and values of the subtree below ``node``, which stands at depth ``at``."""
    for index, link in enumerate(node.links):
        if link is not None:
            yield from _entries(load(link, at - 1), at - 1, load)
        if index < len(node.keys):
            yield node.keys[index], node.values[index]


def _in_order(entries: Iterator[tuple[bytes, Cid]]) -> Iterator[tuple[bytes, Cid]]:
    """``entries`` as they are, as long as their keys ascend."""
    previous = b""
    for key, value in entries:
        if key <= previous:
            raise MstError(f"the key {key!r} comes after {previous!r}")
        previous = key
        yield key, value


def _below(nodes: Iterable[Node]) -> dict[Cid, Node | Cid]:
    """The subtrees of ``nodes`` by CID."""
    links = chain.from_iterable(node.links for node in nodes)
    return {cid_of(link): link for link in links if link is not None}
