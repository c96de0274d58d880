"""DRISL, the canonical CBOR of AT Protocol, at speed (spec §1.1).

`libipld` is fast but lenient: it takes heads that are not minimal, floats, integers of any sign and
size, any nesting that the stack can bear and any kind of CID, and it gives links and byte strings
alike as plain ``bytes``. So a decoded value is walked, which types links as `Cid` and meets what
the data model refuses, and is then encoded again: the same bytes prove that they were canonical.
Where the walk is in doubt or the bytes differ, `atp.cbor_exact` decides, and says what is wrong.
One honest case ends there: a byte string that looks like a CID, which libipld would take for a
link.
"""

from __future__ import annotations

from collections.abc import Collection
from types import NoneType
from typing import Any

import libipld

from atp import cbor_exact
from atp.cbor_exact import INT_MAX, INT_MIN, MAX_DEPTH, MAX_ITEMS, Value
from atp.cid import CID_BYTES, PREFIXES, Cid
from atp.errors import CborError

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_ITEMS",
    "Value",
    "decode",
    "decode_map",
    "encode",
]

MAX_BYTES = 5_000_000
"""How long one encoded item may be: as long as the longest frame of a stream."""

_PLAIN = frozenset({str, bool, NoneType})
_CID_STARTS = (b"\x01", b"\x12\x20")
"""How bytes begin that libipld may take for a CID of some version."""


def decode(data: bytes) -> Value:
    """The value that ``data`` is the canonical encoding of.

    Links come back as `Cid`, every other byte string as plain ``bytes``. Raises `CborError`.
    """
    if len(data) > MAX_BYTES:
        raise CborError(f"CBOR of {len(data)} bytes, more than {MAX_BYTES}")
    try:
        holder: list[Value] = [libipld.decode_dag_cbor(data)]
    except (ValueError, RecursionError):
        return _decode_exactly(data)
    settled = _settle(holder, MAX_DEPTH + 1, MAX_ITEMS + 1) >= 0
    if settled and libipld.encode_dag_cbor(holder[0]) == data:
        return holder[0]
    return _decode_exactly(data)


def decode_map(data: bytes) -> dict[str, Value]:
    """`decode`, where only a map will do. Raises `CborError`."""
    value = decode(data)
    if not isinstance(value, dict):
        raise CborError(f"CBOR holds a {type(value).__name__}, want a map")
    return value


def encode(value: object) -> bytes:
    """The one canonical encoding of ``value``.

    A `Cid` becomes a link, all other ``bytes`` a byte string; subclasses of ``str`` are text.
    Tuples, floats and integers beyond 64 bits are refused with `CborError`.
    """
    if _survey((value,), MAX_DEPTH + 1, MAX_ITEMS + 1) >= 0:
        try:
            return bytes(libipld.encode_dag_cbor(value))
        except ValueError:
            pass
    return cbor_exact.encode(value)


def _decode_exactly(data: bytes) -> Value:
    value, end = cbor_exact.decode(data)
    if end != len(data):
        raise CborError(f"{len(data) - end} bytes follow the item that ends at offset {end}")
    return value


def _settle(container: Any, room: int, items: int) -> int:
    """Type the links within what libipld decoded.

    ``room`` is how many containers may stand inside one another, ``items`` how many items they may
    have together. The answer is how many are left, negative where the exact decoder must judge.
    """
    items -= len(container)
    if room == 0 or items < 0:
        return -1
    pairs = container.items() if isinstance(container, dict) else enumerate(container)
    for key, item in pairs:
        kind = type(item)
        if kind in _PLAIN:
            continue
        if kind is dict or kind is list:
            items = _settle(item, room - 1, items)
            if items < 0:
                return -1
        elif kind is bytes and len(item) == CID_BYTES and item[:4] in PREFIXES:
            container[key] = Cid(item)
        elif not _is_clear(item):
            return -1
    return items


def _survey(values: Collection[Any], room: int, items: int) -> int:
    """Count as `_settle` does; negative where the exact encoder must judge."""
    items -= len(values)
    if room == 0 or items < 0:
        return -1
    for item in values:
        kind = type(item)
        if kind in _PLAIN or kind is Cid:
            continue
        if kind is dict or kind is list:
            items = _survey(item.values() if kind is dict else item, room - 1, items)
            if items < 0:
                return -1
        elif not _is_clear(item):
            return -1
    return items


def _is_clear(scalar: object) -> bool:
    """Whether libipld writes a number, text or bytes as the data model does."""
    if type(scalar) is int:
        return INT_MIN <= scalar <= INT_MAX
    if type(scalar) is bytes:
        return not scalar.startswith(_CID_STARTS)
    return isinstance(scalar, str)
