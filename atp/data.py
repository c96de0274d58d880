"""The data model in JSON (spec §2.1): links as ``{"$link": …}``, bytes as ``{"$bytes": …}``.

`from_json` is strict, as it guards what is written; it refuses what no record may hold. `to_json`
takes anything that `atp.cbor` decodes. Unknown fields and unknown ``$`` keys pass both ways.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from atp.cbor_exact import INT_MAX, INT_MIN, MAX_DEPTH, Value
from atp.cid import Cid
from atp.errors import CidError, DataError


@dataclass(frozen=True, slots=True)
class BlobRef:
    """What a record says of a file (spec §2.2): its CID, claimed MIME type and size in bytes."""

    cid: Cid
    mime_type: str
    size: int

    @classmethod
    def parse(cls, value: Value) -> Self:
        """The reference that ``value``, a map of ``$type`` ``blob``, is. Raises `DataError`."""
        match value:
            case {"$type": "blob", "ref": Cid() as cid, "mimeType": str(mime), "size": int(size)}:
                if mime and size >= 0 and not isinstance(size, bool):
                    return cls(cid, mime, size)
        raise DataError(
            "a blob has a $type, a link as ref, a mimeType that is not empty and a size from 0 up"
        )


def blob_refs(value: Value) -> list[BlobRef]:
    """Every well-formed blob reference within ``value``, in the order of its fields."""
    return list(_blob_refs(value))


def _blob_refs(value: Value) -> Iterator[BlobRef]:
    if isinstance(value, dict):
        if value.get("$type") == "blob":
            try:
                yield BlobRef.parse(value)
            except DataError:
                return
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _blob_refs(item)


def to_json(value: Value) -> object:
    """``value`` as JSON can hold it."""
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, Cid):
        return {"$link": str(value)}
    if isinstance(value, bytes):
        return {"$bytes": b64encode(value).decode().rstrip("=")}
    return value


def record_from_json(value: object) -> dict[str, Value]:
    """`from_json` of a whole record, which must be an object. Raises `DataError`."""
    record = from_json(value)
    if not isinstance(record, dict):
        raise DataError("a record must be an object")
    return record


def from_json(value: object) -> Value:
    """The value that parsed JSON stands for. Raises `DataError`."""
    return _read(value, MAX_DEPTH)


def _read(value: object, room: int) -> Value:
    match value:
        case None | bool():
            return value
        case int() | float():
            return _integer(value)
        case str():
            return _text(value)
        case list() | dict() if room == 0:
            raise DataError(f"nested deeper than {MAX_DEPTH}")
        case list():
            return [_read(item, room - 1) for item in value]
        case dict():
            return _object(value, room - 1)
    raise DataError(f"a {type(value).__name__} is not JSON")


def _integer(value: float) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise DataError(f"number {value}: the data model has only whole numbers")
    if not INT_MIN <= value <= INT_MAX:
        raise DataError("a number does not fit into 64 bits with a sign")
    return int(value)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        raise DataError(f"text {value[:80]!a} is not Unicode: {exc.reason}") from exc
    return value


def _object(value: dict[object, object], room: int) -> Value:
    if "$link" in value:
        return _link(value)
    if "$bytes" in value:
        return _bytes(value)
    record: dict[str, Value] = {}
    for key, item in value.items():
        if not isinstance(key, str) or not key:
            raise DataError(f"key {key!r}: keys are text that is not empty")
        record[_text(key)] = _read(item, room)
    if "$type" in record:
        if not isinstance(record["$type"], str) or not record["$type"]:
            raise DataError("a $type is text that is not empty")
        if record["$type"] == "blob":
            BlobRef.parse(record)
    return record


def _link(value: dict[object, object]) -> Cid:
    text = value["$link"]
    if len(value) != 1 or not isinstance(text, str):
        raise DataError("a $link stands alone in its object and is text")
    try:
        return Cid.parse(text)
    except CidError as exc:
        raise DataError(f"$link: {exc}") from exc


def _bytes(value: dict[object, object]) -> bytes:
    text = value["$bytes"]
    if len(value) != 1 or not isinstance(text, str):
        raise DataError("a $bytes stands alone in its object and is text")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as exc:
        raise DataError(f"$bytes: {text[:80]!r} is not base64") from exc
