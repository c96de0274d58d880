"""DRISL, the canonical CBOR of AT Protocol, written out in full (spec §1.1).

This is the definition that `atp.cbor` is held to: every rule stands here once, in plain Python, and
each refusal names the offset. `atp.cbor` answers the common case many times faster and comes here
for the rest.

Integers are those of the data model, 64 bits with a sign. JSON readers that keep only 53 bits are
the reason to write smaller ones, not a reason to refuse a signed record that has larger ones.
"""

from __future__ import annotations

from typing import TypeAlias

from atp.cid import CID_BYTES, Cid
from atp.errors import CborError, CidError

Value: TypeAlias = "bool | int | str | bytes | list[Value] | dict[str, Value] | None"
"""What DRISL holds. `Cid` is the kind of ``bytes`` that stands for a link."""

MAX_DEPTH = 32
"""How many containers may stand inside one another."""
MAX_ITEMS = 131_072
"""How many items all containers of one value may have together."""
INT_MIN = -(2**63)
INT_MAX = 2**63 - 1

_INT, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG = range(7)
_SIMPLE: dict[int, bool | None] = {0xF4: False, 0xF5: True, 0xF6: None}
_BYTE_OF_SIMPLE = {value: bytes((first,)) for first, value in _SIMPLE.items()}
_FLOATS = frozenset({0xF9, 0xFA, 0xFB})
_LEAST = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}
"""The least argument that may take so many bytes after the first."""
_LINK = b"\xd8\x2a\x58\x25\x00"
"""What stands before the 36 bytes of a CID: tag 42 and 37 bytes of which the first is zero."""


def decode(data: bytes, start: int = 0) -> tuple[Value, int]:
    """The item that begins at ``start`` and the offset after it. Raises `CborError`."""
    reader = _Reader(data, start)
    return reader.item(MAX_DEPTH), reader.at


class _Reader:
    """Where reading has come to, and how many items it may still meet."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at
        self.items_left = MAX_ITEMS

    def item(self, room: int) -> Value:
        """The next item, of which ``room`` containers may stand inside one another."""
        start = self.at
        first = self.octets(1)[0]
        if first in _SIMPLE:
            return _SIMPLE[first]
        major, argument = self.head(first)
        match major:
            case 0 | 1:
                return _integer(major, argument, start)
            case 2:
                return self.octets(argument)
            case 3:
                return self.text(argument)
            case 4 | 5:
                self.enter(start, argument, room)
                return (self.items if major == _LIST else self.entries)(argument, room - 1)
            case _:
                return self.link(start)

    def octets(self, length: int) -> bytes:
        """The next bytes."""
        start, self.at = self.at, self.at + length
        if self.at > len(self.data):
            short = self.at - len(self.data)
            raise CborError(f"CBOR ends {short} bytes before what begins at offset {start} does")
        return self.data[start : self.at]

    def head(self, first: int) -> tuple[int, int]:
        """The major type and argument of the item whose ``first`` byte has just been read."""
        start = self.at - 1
        if first in _FLOATS:
            raise CborError(f"float at offset {start}: the data model has none")
        major, argument = first >> 5, first & 31
        if major > _TAG or argument > 27:
            raise CborError(f"byte {first:#04x} at offset {start} begins no DRISL item")
        if argument < 24:
            return major, argument
        width = 1 << (argument - 24)
        argument = int.from_bytes(self.octets(width))
        if argument < _LEAST[width]:
            raise CborError(f"{argument} at offset {start} is not written in its shortest form")
        return major, argument

    def text(self, length: int) -> str:
        start = self.at
        try:
            return self.octets(length).decode()
        except UnicodeDecodeError as exc:
            raise CborError(f"text at offset {start} is not UTF-8: {exc.reason}") from exc

    def enter(self, start: int, length: int, room: int) -> None:
        """Make sure that a container of ``length`` items may stand here."""
        if room == 0:
            raise CborError(f"container at offset {start} is nested deeper than {MAX_DEPTH}")
        self.items_left -= length
        if self.items_left < 0:
            raise CborError(f"with the container at offset {start} more than {MAX_ITEMS} items")

    def items(self, length: int, room: int) -> list[Value]:
        return [self.item(room) for _ in range(length)]

    def entries(self, length: int, room: int) -> dict[str, Value]:
        read: dict[str, Value] = {}
        previous = b""
        for _ in range(length):
            start = self.at
            key = self.item(room)
            if not isinstance(key, str):
                raise CborError(f"map key at offset {start} is not text")
            # A head grows with what it heads, so the order of whole encodings is length first.
            encoded = self.data[start : self.at]
            if encoded <= previous:
                raise CborError(f"key {key[:80]!r} at offset {start} is repeated or out of order")
            previous = encoded
            read[key] = self.item(room)
        return read

    def link(self, start: int) -> Cid:
        self.at = start
        if self.octets(len(_LINK)) != _LINK:
            raise CborError(f"tag at offset {start}: want tag 42 over the 37 bytes of a CID")
        try:
            return Cid.from_bytes(self.octets(CID_BYTES))
        except CidError as exc:
            raise CborError(f"link at offset {start}: {exc}") from exc


def _integer(major: int, argument: int, start: int) -> int:
    if argument > INT_MAX:
        raise CborError(f"integer at offset {start} does not fit into 64 bits with a sign")
    return argument if major == _INT else -1 - argument


def encode(value: object) -> bytes:
    """The one canonical encoding of ``value``. Raises `CborError` where there is none."""
    writer = _Writer()
    writer.item(value, MAX_DEPTH)
    return b"".join(writer.pieces)


class _Writer:
    """What has been written, and how many items may still be."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.items_left = MAX_ITEMS

    def item(self, value: object, room: int) -> None:
        """Write ``value``, in which ``room`` containers may stand inside one another."""
        match value:
            case None | bool():
                self.pieces.append(_BYTE_OF_SIMPLE[value])
            case int():
                self.pieces.append(_written_integer(value))
            case Cid():
                self.pieces += (_LINK, value)
            case bytes():
                self.pieces += (_headed(_BYTES, len(value)), value)
            case str():
                self.pieces.append(_written_text(value))
            case list() | dict():
                self.container(value, room)
            case _:
                kind = type(value).__name__
                raise CborError(f"a {kind} is not part of the data model: {value!r:.80}")

    def container(self, value: list[object] | dict[object, object], room: int) -> None:
        """Write a list, or a map in the order of its keys."""
        if room == 0:
            raise CborError(f"the value is nested deeper than {MAX_DEPTH}")
        self.items_left -= len(value)
        if self.items_left < 0:
            raise CborError(f"the value has more than {MAX_ITEMS} items")
        if isinstance(value, list):
            self.pieces.append(_headed(_LIST, len(value)))
            for item in value:
                self.item(item, room - 1)
            return
        self.pieces.append(_headed(_MAP, len(value)))
        for key, item in sorted((_written_key(key), item) for key, item in value.items()):
            self.pieces.append(key)
            self.item(item, room - 1)


def _written_integer(value: int) -> bytes:
    if not INT_MIN <= value <= INT_MAX:
        raise CborError(f"integer of {value.bit_length()} bits does not fit into 64 with a sign")
    return _headed(_INT, value) if value >= 0 else _headed(_NEGATIVE, -1 - value)


def _headed(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes((major << 5 | argument,))
    for step, width in enumerate(_LEAST):
        if argument >> 8 * width == 0:
            return bytes((major << 5 | 24 + step,)) + argument.to_bytes(width)
    raise CborError(f"length {argument} does not fit into 64 bits")


def _written_text(text: str) -> bytes:
    try:
        raw = text.encode()
    except UnicodeEncodeError as exc:
        raise CborError(f"text {text[:80]!a} is not Unicode: {exc.reason}") from exc
    return _headed(_TEXT, len(raw)) + raw


def _written_key(key: object) -> bytes:
    if not isinstance(key, str):
        raise CborError(f"map key {key!r:.80} is not text")
    return _written_text(key)
