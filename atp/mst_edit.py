"""How nodes of a Merkle search tree come apart and together (spec §1.5).

Nodes never change: each function gives new nodes, which share every subtree that an edit does not
touch. Subtrees that are known by CID alone are read through ``load`` when, and only when, the edit
goes through them, so all of this works on partial trees as far as they reach.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TypeAlias

from atp.cid import Cid
from atp.mst import Link, Node

Load: TypeAlias = Callable[[Node | Cid, int], Node]
"""Gives the node that a link leads to, which has to be one of the depth named."""


def with_value(node: Node, index: int, value: Cid) -> Node:
    """``node`` with another record under the key at ``index``."""
    values = (*node.values[:index], value, *node.values[index + 1 :])
    return Node(node.keys, values, node.links, node.shared)


def with_link(node: Node, index: int, link: Link) -> Node | None:
    """``node`` with another subtree at ``index``; None where nothing is left of it."""
    if link is None and not node.keys:
        return None
    links = (*node.links[:index], link, *node.links[index + 1 :])
    return Node(node.keys, node.values, links, node.shared)


def with_entry(node: Node, at: int, key: bytes, value: Cid, load: Load) -> Node:
    """``node``, of depth ``at``, with a key that it did not have; the subtree there is split."""
    index = bisect_left(node.keys, key)
    left, right = split(node.links[index], at - 1, key, load)
    return Node(
        (*node.keys[:index], key, *node.keys[index:]),
        (*node.values[:index], value, *node.values[index:]),
        (*node.links[:index], left, right, *node.links[index + 1 :]),
    )


def without_entry(node: Node, at: int, index: int, load: Load) -> Node | None:
    """``node``, of depth ``at``, without one key; the subtrees beside it are joined.

    None where nothing is left of the node.
    """
    joined = merge(node.links[index], node.links[index + 1], at - 1, load)
    return _kept(
        (*node.keys[:index], *node.keys[index + 1 :]),
        (*node.values[:index], *node.values[index + 1 :]),
        (*node.links[:index], joined, *node.links[index + 2 :]),
    )


def split(link: Link, at: int, key: bytes, load: Load) -> tuple[Link, Link]:
    """The parts of a subtree of depth ``at`` before and after ``key``, which it does not hold."""
    if link is None:
        return None, None
    node = load(link, at)
    index = bisect_left(node.keys, key)
    left, right = split(node.links[index], at - 1, key, load)
    return (
        _kept(node.keys[:index], node.values[:index], (*node.links[:index], left)),
        _kept(node.keys[index:], node.values[index:], (right, *node.links[index + 1 :])),
    )


def merge(left: Link, right: Link, at: int, load: Load) -> Link:
    """The subtree of depth ``at`` that holds all of two, of which ``left`` comes first."""
    if left is None or right is None:
        return left or right
    first, second = load(left, at), load(right, at)
    seam = merge(first.links[-1], second.links[0], at - 1, load)
    return Node(
        first.keys + second.keys,
        first.values + second.values,
        (*first.links[:-1], seam, *second.links[1:]),
    )


def lift(link: Link, levels: int) -> Link:
    """A subtree under as many bridging nodes as it takes to link to it from that much higher."""
    if link is not None:
        for _ in range(levels):
            link = Node((), (), (link,))
    return link


def _kept(keys: tuple[bytes, ...], values: tuple[Cid, ...], links: tuple[Link, ...]) -> Node | None:
    """The node of these parts; None where it would hold nothing."""
    return Node(keys, values, links) if keys or links[0] is not None else None
