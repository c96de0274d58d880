"""A slow, obvious twin of the validator: it walks the raw JSON of schemas and says yes or no."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import regex

from atp.cbor import Value
from atp.cid import Cid
from atp.errors import AtpError
from atp.syntax import FORMATS

JSON = Path(__file__).resolve().parents[2] / "lexicons" / "json"
DOCUMENTS: dict[str, Any] = {
    node["id"]: node["defs"]
    for node in (json.loads(path.read_bytes()) for path in JSON.rglob("*.json"))
}


def accepts_record(collection: str, value: Value) -> bool:
    """Whether a value is a record of the collection, by the packaged schemas."""
    if not isinstance(value, dict) or value.get("$type") != collection:
        return False
    return accepts(collection, DOCUMENTS[collection]["main"]["record"], value)


def accepts(document: str, schema: dict[str, Any], value: Any) -> bool:
    """Whether a value follows a schema that stands in ``document``."""
    return _KINDS[schema["type"]](document, schema, value)


def _within(schema: dict[str, Any], name: str, size: int) -> bool:
    low, high = schema.get(f"min{name}"), schema.get(f"max{name}")
    return (low is None or size >= low) and (high is None or size <= high)


def _choice(schema: dict[str, Any], value: Any) -> bool:
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else [value])
    return value in allowed


def _integer(_: str, schema: dict[str, Any], value: Any) -> bool:
    return type(value) is int and _within(schema, "imum", value) and _choice(schema, value)


def _string(_: str, schema: dict[str, Any], value: Any) -> bool:
    if not isinstance(value, str) or not _choice(schema, value):
        return False
    if not _within(schema, "Length", len(value.encode())):
        return False
    if not _within(schema, "Graphemes", len(regex.findall(r"\X", value))):
        return False
    try:
        FORMATS[schema.get("format", "")](value)
    except KeyError:
        return "format" not in schema
    except AtpError:
        return False
    return True


def _array(document: str, schema: dict[str, Any], value: Any) -> bool:
    return (
        isinstance(value, list)
        and _within(schema, "Length", len(value))
        and all(accepts(document, schema["items"], item) for item in value)
    )


def _object(document: str, schema: dict[str, Any], value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(name in value for name in schema.get("required", []))
        and all(
            (value[name] is None and name in schema.get("nullable", []))
            or accepts(document, field, value[name])
            for name, field in schema.get("properties", {}).items()
            if name in value
        )
    )


def _named(document: str, name: str, value: Any) -> bool:
    nsid, _, part = name.partition("#")
    return accepts(nsid or document, DOCUMENTS[nsid or document][part or "main"], value)


def _ref(document: str, schema: dict[str, Any], value: Any) -> bool:
    return _named(document, schema["ref"], value)


def _union(document: str, schema: dict[str, Any], value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("$type"), str):
        return False
    for name in schema["refs"]:
        if value["$type"] == (document + name if name.startswith("#") else name):
            return _named(document, name, value)
    return not schema.get("closed", False)


def _blob(_: str, schema: dict[str, Any], value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("mimeType"), str):
        return False
    size, mime_type = value.get("size"), value["mimeType"]
    if set(value) == {"cid", "mimeType"}:
        size = 0
        if not _string("", {"format": "cid"}, value["cid"]):
            return False
    elif value.get("$type") != "blob" or not isinstance(value.get("ref"), Cid):
        return False
    fits = any(
        want in ("*/*", mime_type) or (want[-1] == "*" and mime_type.startswith(want[:-1]))
        for want in schema.get("accept", ["*/*"])
    )
    return (
        fits and mime_type != "" and type(size) is int and 0 <= size <= schema.get("maxSize", size)
    )


def _boolean(_: str, schema: dict[str, Any], value: Any) -> bool:
    return isinstance(value, bool) and _choice(schema, value)


def _bytes(_: str, schema: dict[str, Any], value: Any) -> bool:
    genuine = isinstance(value, bytes) and not isinstance(value, Cid)
    return genuine and _within(schema, "Length", len(value))


_KINDS = {
    "boolean": _boolean,
    "integer": _integer,
    "string": _string,
    "array": _array,
    "object": _object,
    "ref": _ref,
    "union": _union,
    "blob": _blob,
    "bytes": _bytes,
}
