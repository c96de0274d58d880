"""Nodes of the Merkle search tree, and their one possible encoding (spec §1.5).

A repo's tree maps keys (``collection/rkey``) to record CIDs. A key's depth is half the number of
leading zero bits of its SHA-256; a node holds keys of one depth h in order, and between and around
them links to nodes of depth h − 1. So the tree's shape, and with it the root's CID, follows from
its content alone.

On the wire a node is ``{e: [{k, p, t, v}…], l}``, each key written as the length ``p`` of the
prefix that it shares with the key before it and the rest ``k``. Here a node is three parallel
tuples, which is what editing a tree wants: ``links[i]`` is the subtree left of ``keys[i]`` and
``links[-1]`` the one right of the last key. The encoding of such a node is a function, so a block
is a node exactly when encoding what was read from it gives the block again; that one comparison
covers field names, key order, integer forms, full prefix compression and trailing bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from operator import lt
from typing import Any, TypeAlias

import libipld

from atp.cid import CODEC_DRISL, Cid
from atp.errors import CidError, MstError

MAX_ENTRIES = 1000
"""Entries in one node. Keys stay in a node with probability ¾ each, so 200 are never seen."""

MAX_KEY_BYTES = 1024

Link: TypeAlias = "Node | Cid | None"
"""A subtree: at hand, known by its CID alone, or empty."""


def depth(key: bytes) -> int:
    """The level of the tree on which ``key`` stands, 0 the lowest."""
    return (256 - int.from_bytes(sha256(key).digest()).bit_length()) // 2


def common_prefix(left: bytes, right: bytes) -> int:
    """How many leading bytes two keys share."""
    length = min(len(left), len(right))
    difference = int.from_bytes(left[:length]) ^ int.from_bytes(right[:length])
    return length - (difference.bit_length() + 7) // 8


def check_key(key: bytes) -> None:
    """Raise `MstError` for a key that no node may hold: empty, or over `MAX_KEY_BYTES` long."""
    if not 0 < len(key) <= MAX_KEY_BYTES:
        raise MstError(f"a key of {len(key)} bytes; 1 to {MAX_KEY_BYTES} are allowed")


def cid_of(link: Node | Cid) -> Cid:
    """The CID of a subtree."""
    return link if isinstance(link, Cid) else link.cid


@dataclass(frozen=True, eq=False)
class Node:
    """A node: keys in ascending order, the record CID of each, and one link more than keys.

    Without keys it is the tree of an empty repo (link ``None``), or below a root the bridge to a
    subtree more than one level down. Blocks and CIDs are made when first asked for, then kept.
    """

    keys: tuple[bytes, ...]
    values: tuple[Cid, ...]
    links: tuple[Link, ...]

    @classmethod
    def from_bytes(cls, block: bytes) -> Node:
        """The node that ``block`` encodes; subtrees are known by their CIDs.

        Raises `MstError` where the block is not in canonical form, keys are not ascending or not
        all of one depth, a link is not a DRISL CID, or a limit is passed. Where the node stands in
        a tree is not checked.
        """
        try:
            node = cls(*_parts(libipld.decode_dag_cbor(block)))
        except MstError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
            raise MstError("the block is not a tree node") from exc
        if not all(map(lt, node.keys, node.keys[1:])):
            raise MstError("the keys of a node are not in ascending order")
        if len({depth(key) for key in node.keys}) > 1:
            raise MstError("the keys of a node are of different depths")
        if node.to_bytes() != block:
            raise MstError("the block is not the canonical encoding of a node")
        return node

    def to_bytes(self) -> bytes:
        """The node's block."""
        return self._block

    @cached_property
    def depth(self) -> int | None:
        """The depth of the node's keys; None where it has none."""
        return depth(self.keys[0]) if self.keys else None

    @cached_property
    def cid(self) -> Cid:
        """The CID of the node's block."""
        return Cid.for_cbor(self._block)

    @cached_property
    def _block(self) -> bytes:
        parts = [b"\xa2\x61e", _head(0x80, len(self.keys))]
        previous = b""
        for key, value, right in zip(self.keys, self.values, self.links[1:], strict=True):
            shared = common_prefix(previous, key)
            rest = key[shared:]
            parts += (
                _REST_HEADS[len(rest)],
                rest,
                _SHARED[shared],
                b"\x61t",
                _link_bytes(right),
                b"\x61v",
                _CID_HEAD,
                value,
            )
            previous = key
        parts += (b"\x61l", _link_bytes(self.links[0]))
        return b"".join(parts)


EMPTY = Node((), (), (None,))
"""The tree of a repo without records."""


def _parts(fields: dict[str, Any]) -> tuple[tuple[bytes, ...], tuple[Cid, ...], tuple[Link, ...]]:
    """Keys, values and links of a decoded node, as loosely as the comparison later allows."""
    entries = fields["e"]
    if len(entries) > MAX_ENTRIES:
        raise MstError(f"a node of {len(entries)} entries; {MAX_ENTRIES} are allowed")
    keys, values, links = [], [], [_link(fields["l"])]
    key = b""
    for entry in entries:
        key = key[: entry["p"]] + entry["k"]
        check_key(key)
        keys.append(key)
        values.append(Cid.from_bytes(entry["v"]))
        links.append(_link(entry["t"]))
    return tuple(keys), tuple(values), tuple(links)


def _link(raw: bytes | None) -> Cid | None:
    if raw is None:
        return None
    cid = Cid.from_bytes(raw)
    if cid.codec != CODEC_DRISL:
        raise CidError(f"{cid} cannot name a tree node")
    return cid


_CID_HEAD = b"\xd8\x2a\x58\x25\x00"


def _link_bytes(link: Link) -> bytes:
    return b"\xf6" if link is None else _CID_HEAD + cid_of(link)


def _head(major: int, number: int) -> bytes:
    """The head of a CBOR item: its type, and a length or value below 65536 in shortest form."""
    if number < 24:
        return bytes((major | number,))
    if number < 256:
        return bytes((major | 24, number))
    return bytes((major | 25,)) + number.to_bytes(2)


_REST_HEADS = tuple(b"\xa4\x61k" + _head(0x40, length) for length in range(MAX_KEY_BYTES + 1))
"""What stands before the rest of a key, by its length."""
_SHARED = tuple(b"\x61p" + _head(0x00, length) for length in range(MAX_KEY_BYTES))
"""The length of a shared prefix."""
