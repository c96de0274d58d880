"""Reading lexicon documents: JSON to schema nodes, held to the rules of spec §2.4.

Every rule that one document alone can break is checked here and broken with a `SchemaError`.
Whether references lead anywhere is for `lexicons.catalog` to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from atp.errors import InvalidIdentifier
from atp.syntax import FORMATS, Nsid, RecordKey
from lexicons.reader import Reader, SchemaError
from lexicons.schema import (
    LITERAL_KEY,
    Array,
    Blob,
    Boolean,
    Bytes,
    CidLink,
    Definition,
    Document,
    Field,
    Integer,
    Method,
    Object,
    Params,
    PermissionSet,
    Record,
    Ref,
    String,
    Subscription,
    Token,
    Union,
    Unknown,
)

_T = TypeVar("_T")
_VERSION = 1
_MEDIA_RANGE = re.compile(r"\*/\*|[a-z0-9.+-]+/(?:\*|[a-z0-9.+-]+)")


def read_document(node: object) -> Document:
    """The lexicon that parsed JSON holds. Raises `SchemaError`."""
    if not isinstance(node, dict):
        raise SchemaError("a lexicon must be an object")
    try:
        nsid = Nsid.parse(str(node.get("id")))
    except InvalidIdentifier as exc:
        raise SchemaError(f"the id of a lexicon must be an NSID: {exc}") from exc
    reader = Reader.at(node, nsid, nsid)
    if reader.integer("lexicon") != _VERSION:
        raise reader.error(f"lexicon must be {_VERSION}")
    definitions = {
        reader.reference(f"#{name}"): _definition(name, definition)
        for name, definition in reader.members("defs")
    }
    if not definitions:
        raise reader.error("defs must define something")
    return Document(nsid, MappingProxyType(definitions))


def _definition(name: str, reader: Reader) -> Definition:
    if not name or "#" in name:
        raise reader.error("the name of a definition must not be empty or have a # in it")
    kind = reader.name("type")
    if kind in _PRIMARY:
        if name != "main":
            raise reader.error(f"only main can be a {kind}")
        return _PRIMARY[kind](reader)
    if kind in _NEVER_NAMED:
        raise reader.error(f"{kind} cannot be a definition of its own")
    return Token() if kind == "token" else _field(reader)


def _field(reader: Reader) -> Field:
    kind = reader.name("type")
    if kind not in _FIELDS:
        raise reader.error(f"{kind!r} is not a type of values")
    return _FIELDS[kind](reader)


def _boolean(reader: Reader) -> Boolean:
    return Boolean(*_const_or_default(reader, reader.flag("const"), reader.flag("default")))


def _integer(reader: Reader) -> Integer:
    return Integer(
        reader.span("minimum", "maximum", least=None),
        reader.integers("enum"),
        *_const_or_default(reader, reader.integer("const"), reader.integer("default")),
    )


def _string(reader: Reader) -> String:
    form = reader.text("format")
    if form is not None and form not in FORMATS:
        raise reader.error(f"{form!r} is not a format; there are {', '.join(FORMATS)}")
    reader.texts("knownValues")
    return String(
        form,
        reader.span("minLength", "maxLength"),
        reader.span("minGraphemes", "maxGraphemes"),
        reader.texts("enum"),
        *_const_or_default(reader, reader.text("const"), reader.text("default")),
    )


def _const_or_default(
    reader: Reader, const: _T | None, default: _T | None
) -> tuple[_T | None, _T | None]:
    if const is not None and default is not None:
        raise reader.error("const and default exclude each other")
    return const, default


def _bytes(reader: Reader) -> Bytes:
    return Bytes(reader.span("minLength", "maxLength"))


def _blob(reader: Reader) -> Blob:
    accept = reader.texts("accept")
    for media_range in accept:
        if not _MEDIA_RANGE.fullmatch(media_range):
            raise reader.error(f"accept: {media_range!r} is not a media type, type/* or */*")
    return Blob(accept, reader.span("maxSize", "maxSize").high)


def _array(reader: Reader) -> Array:
    return Array(_field(reader.child("items")), reader.span("minLength", "maxLength"))


def _object(reader: Reader) -> Object:
    properties = {name: _field(member) for name, member in reader.members("properties")}
    required, nullable = reader.texts("required"), reader.texts("nullable")
    for name in (*required, *nullable):
        if name not in properties:
            raise reader.error(f"{name!r} is required or nullable but not among the properties")
    return Object(required, frozenset(nullable), MappingProxyType(properties))


def _ref(reader: Reader) -> Ref:
    return Ref(reader.reference(reader.name("ref")))


def _union(reader: Reader) -> Union:
    targets = tuple(reader.reference(ref) for ref in reader.texts("refs"))
    closed = reader.flag("closed") or False
    if closed and not targets:
        raise reader.error("a closed union of nothing allows nothing")
    return Union(targets, closed)


def _record(reader: Reader) -> Record:
    key = reader.name("key")
    if key.startswith(LITERAL_KEY):
        try:
            RecordKey.parse(key.removeprefix(LITERAL_KEY))
        except InvalidIdentifier as exc:
            raise reader.error(f"key: {exc}") from exc
    elif key not in ("tid", "nsid", "any"):
        raise reader.error(f"key: {key!r} is not tid, nsid, any or {LITERAL_KEY}…")
    record = reader.child("record")
    if record.name("type") != "object":
        raise record.error("a record must be an object")
    return Record(key, _object(record))


def _params(reader: Reader) -> Params:
    if "parameters" not in reader.node:
        return Params((), MappingProxyType({}))
    parameters = reader.child("parameters")
    if parameters.name("type") != "params":
        raise parameters.error("parameters must be of type params")
    schema = _object(parameters)
    properties: dict[str, Boolean | Integer | String | Array] = {}
    for name, field in schema.properties.items():
        scalar = field.items if isinstance(field, Array) else field
        if not isinstance(scalar, Boolean | Integer | String):
            raise parameters.error(f"{name} must be a boolean, integer, string or array of those")
        properties[name] = field if isinstance(field, Array) else scalar
    return Params(schema.required, MappingProxyType(properties))


def _query(reader: Reader) -> Method:
    return Method("query", _params(reader), None, _body(reader, "output"), _errors(reader))


def _procedure(reader: Reader) -> Method:
    given, answer = _body(reader, "input"), _body(reader, "output")
    return Method("procedure", _params(reader), given, answer, _errors(reader))


def _body(reader: Reader, key: str) -> Field | None:
    if key not in reader.node:
        return None
    body = reader.child(key)
    body.name("encoding")
    if "schema" not in body.node:
        return None
    field = _field(body.child("schema"))
    if not isinstance(field, Object | Ref | Union):
        raise body.error("schema must be an object, ref or union")
    return field


def _errors(reader: Reader) -> frozenset[str]:
    return frozenset(error.name("name") for error in reader.elements("errors"))


def _subscription(reader: Reader) -> Subscription:
    schema = reader.child("message").child("schema")
    if schema.name("type") != "union":
        raise schema.error("the messages of a subscription must be a union")
    return Subscription(_params(reader), _union(schema), _errors(reader))


def _permission_set(reader: Reader) -> PermissionSet:
    for permission in reader.elements("permissions"):
        if permission.name("type") != "permission":
            raise permission.error("must be of type permission")
        permission.name("resource")
    return PermissionSet()


_PRIMARY: Mapping[str, Callable[[Reader], Definition]] = MappingProxyType(
    {
        "record": _record,
        "query": _query,
        "procedure": _procedure,
        "subscription": _subscription,
        "permission-set": _permission_set,
    }
)
_NEVER_NAMED = frozenset({"unknown", "ref", "union"})
_FIELDS: Mapping[str, Callable[[Reader], Field]] = MappingProxyType(
    {
        "boolean": _boolean,
        "integer": _integer,
        "string": _string,
        "bytes": _bytes,
        "cid-link": lambda _: CidLink(),
        "blob": _blob,
        "unknown": lambda _: Unknown(),
        "array": _array,
        "object": _object,
        "ref": _ref,
        "union": _union,
    }
)
