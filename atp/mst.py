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
It is made where a shorter proof does not hold: that all values are of the right kind and prefixes
are full, both seen while reading, and that libipld writes what it read as the same block.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from operator import lt
from typing import Any, TypeAlias

import libipld

from atp.cid import CID_BYTES, PREFIX_DRISL, PREFIXES, Cid
from atp.errors import CidError, MstError

MAX_ENTRIES = 1000
"""Entries in one node. Keys stay in a node with probability ¾ each, so 200 are never seen."""

MAX_KEY_BYTES = 1024

Link: TypeAlias = "Node | Cid | None"
"""A subtree: at hand, known by its CID alone, or empty."""


def depth(key: bytes) -> int:
    """The level of the tree on which ``key`` stands, 0 the lowest."""
    return _level(sha256(key).digest())


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


@dataclass(eq=False, slots=True)
class Node:
    """A node: keys in ascending order, the record CID of each, and one link more than keys.

    Without keys it is the tree of an empty repo (link ``None``), or below a root the bridge to a
    subtree more than one level down. Nodes never change; block, CID and depth are made when first
    asked for, then kept, as is what each key shares with the one before it.
    """

    keys: tuple[bytes, ...]
    values: tuple[Cid, ...]
    links: tuple[Link, ...]
    _shared: tuple[int, ...] | None = field(default=None, repr=False)
    _block: bytes | None = field(default=None, repr=False)
    _depth: int | None = field(default=None, repr=False)
    _cid: Cid | None = field(default=None, repr=False)

    @classmethod
    def from_bytes(cls, block: bytes) -> Node:
        """The node that ``block`` encodes; subtrees are known by their CIDs.

        Raises `MstError` where the block is not in canonical form, keys are not ascending or not
        all of one depth, a link is not a DRISL CID, or a limit is passed. Where the node stands in
        a tree is not checked.
        """
        try:
            fields = libipld.decode_dag_cbor(block)
            keys, values, links, shared = _parts(fields)
        except MstError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
            raise MstError("the block is not a tree node") from exc
        if shared is None or libipld.encode_dag_cbor(fields) != block:
            if not all(map(lt, keys, keys[1:])):
                raise MstError("the keys of a node are not in ascending order")
            if cls(keys, values, links).to_bytes() != block:
                raise MstError("the block is not the canonical encoding of a node")
        return cls(keys, values, links, shared, block, _one_depth(keys))

    def to_bytes(self) -> bytes:
        """The node's block."""
        if self._block is None:
            self._block = _written(self)
        return self._block

    @property
    def shared(self) -> tuple[int, ...]:
        """How long a prefix each key shares with the one before it; the first shares nothing."""
        if self._shared is None:
            self._shared = tuple(map(common_prefix, (b"", *self.keys), self.keys))
        return self._shared

    @property
    def depth(self) -> int | None:
        """The depth of the node's keys; None where it has none."""
        if self._depth is None and self.keys:
            self._depth = depth(self.keys[0])
        return self._depth

    @property
    def cid(self) -> Cid:
        """The CID of the node's block."""
        if self._cid is None:
            self._cid = Cid.for_cbor(self.to_bytes())
        return self._cid


EMPTY = Node((), (), (None,))
"""The tree of a repo without records."""

_Parts: TypeAlias = tuple[
    tuple[bytes, ...], tuple[Cid, ...], tuple[Link, ...], tuple[int, ...] | None
]


def _parts(fields: dict[str, Any]) -> _Parts:
    """Keys, values, links and prefix lengths of a decoded node.

    There are no prefix lengths where writing ``fields`` again could give the block although it is
    not canonical: where there are fields of other names, or what libipld writes as it came but a
    node may not have, such as a map in place of the list, a truth value in place of a number or a
    link in place of a key's rest; and where a prefix is not all that two keys share or keys do not
    ascend. Of the last two there is neither where the key before has as many bytes as the prefix
    claims and goes on, if at all, with a byte below the first one of the rest.
    """
    entries = fields["e"]
    if len(entries) > MAX_ENTRIES:
        raise MstError(f"a node of {len(entries)} entries; {MAX_ENTRIES} are allowed")
    plain = len(fields) == 2 and type(entries) is list
    keys, values, links, prefixes = [], [], [_link(fields["l"])], []
    key = b""
    for entry in entries:
        shared, rest, right = entry["p"], entry["k"], entry["t"]
        before = key
        key = before[:shared] + rest
        length = len(key)
        if not 0 < length <= MAX_KEY_BYTES:
            check_key(key)
        if not (
            len(entry) == 4
            and type(shared) is int
            and length == shared + len(rest)
            and before[shared:] < rest[:1] > _ABOVE_CIDS
        ):
            plain = False
        keys.append(key)
        prefixes.append(shared)
        value = entry["v"]
        if len(value) != CID_BYTES or value[:4] not in PREFIXES:
            raise CidError("the value of a key is not a CID")
        values.append(Cid(value))
        links.append(None if right is None else _link(right))
    return tuple(keys), tuple(values), tuple(links), tuple(prefixes) if plain else None


def _one_depth(keys: tuple[bytes, ...]) -> int | None:
    """The depth that all ``keys`` have: it falls as digests rise, so two of them tell."""
    if not keys:
        return None
    digests = [sha256(key).digest() for key in keys]
    level = _level(max(digests))
    if _level(min(digests)) != level:
        raise MstError("the keys of a node are of different depths")
    return level


def _level(digest: bytes) -> int:
    return (256 - int.from_bytes(digest).bit_length()) // 2


def _link(raw: bytes | None) -> Cid | None:
    if raw is None:
        return None
    if len(raw) != CID_BYTES or raw[:4] != PREFIX_DRISL:
        raise CidError("a link between nodes is not the CID of a DRISL block")
    return Cid(raw)


def _written(node: Node) -> bytes:
    parts = [b"\xa2\x61e", _head(0x80, len(node.keys))]
    for key, shared, right, value in zip(
        node.keys, node.shared, node.links[1:], node.values, strict=True
    ):
        rest = key[shared:]
        parts += (
            _REST_HEADS[len(rest)],
            rest,
            _SHARED[shared],
            _NULL if right is None else _CID_HEAD + cid_of(right),
            _VALUE,
            value,
        )
    left = node.links[0]
    parts += (b"\x61l", _NULL if left is None else _CID_HEAD + cid_of(left))
    return b"".join(parts)


_ABOVE_CIDS = b"\x1f"
"""libipld takes some bytes for a CID, all of which begin lower than this."""
_CID_HEAD = b"\xd8\x2a\x58\x25\x00"
_VALUE = b"\x61v" + _CID_HEAD
_NULL = b"\xf6"


def _head(major: int, number: int) -> bytes:
    """The head of a CBOR item: its type, and a length or value below 65536 in shortest form."""
    if number < 24:
        return bytes((major | number,))
    if number < 256:
        return bytes((major | 24, number))
    return bytes((major | 25,)) + number.to_bytes(2)


_REST_HEADS = tuple(b"\xa4\x61k" + _head(0x40, length) for length in range(MAX_KEY_BYTES + 1))
"""What stands before the rest of a key, by its length."""
_SHARED = tuple(b"\x61p" + _head(0x00, length) + b"\x61t" for length in range(MAX_KEY_BYTES))
"""What stands between the rest of a key and the subtree right of it, by the length shared."""
