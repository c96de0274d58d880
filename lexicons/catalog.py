"""The catalogue: every schema that the program knows, whole and consistent before anything runs.

The packaged documents are written in the default namespace; loading moves them to the one that is
set. A document that breaks the schema language, a reference that leads nowhere or a missing
collection stops the start: a check that silently passes everything is worse than none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType, UnionType
from typing import Any, Self

from atp.errors import AtpError
from atp.syntax import Nsid
from lexicons.checks import make_check
from lexicons.document import read_document
from lexicons.names import DEFAULT_NAMESPACE, Names
from lexicons.reader import SchemaError
from lexicons.scalars import Check
from lexicons.schema import (
    Array,
    Blob,
    Boolean,
    Bytes,
    CidLink,
    Definition,
    Document,
    Integer,
    Method,
    Object,
    PermissionSet,
    Record,
    Ref,
    String,
    Subscription,
    Token,
    Union,
)

_VALUE = Boolean | Integer | String | Bytes | CidLink | Blob | Array | Object | Record
"""What a reference may lead to: whatever describes a value by itself."""


class UnknownSchemaError(AtpError):
    """No schema of that name is in the catalogue, or it is not of the kind asked for."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Definitions by their absolute names, and the check of each that describes a value.

    The check of a record's definition is that of its object.
    """

    definitions: Mapping[str, Definition]
    checks: Mapping[str, Check]
    records: Mapping[Nsid, Record]
    methods: Mapping[Nsid, Method]

    @classmethod
    def load(cls, namespace: str = DEFAULT_NAMESPACE) -> Self:
        """The packaged schemas, with ours moved to ``namespace``.

        Raises `SchemaError` where one is missing or wrong and `InvalidIdentifier` where the
        namespace is.
        """
        names = Names(namespace)
        catalog = cls.of(map(read_document, packaged(names.namespace)))
        for collection in names.collections:
            if collection not in catalog.records:
                raise SchemaError(f"the schema of {collection} is missing from the installation")
        return catalog

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Self:
        """The catalogue of ``documents``. Raises `SchemaError` where they do not fit together."""
        definitions: dict[str, Definition] = {}
        for document in documents:
            for name, definition in document.definitions.items():
                if name in definitions:
                    raise SchemaError(f"{name}: defined twice")
                definitions[name] = definition
        checks: dict[str, Check] = {}
        for name, definition in definitions.items():
            schema = definition.schema if isinstance(definition, Record) else definition
            if not isinstance(schema, Token | Method | Subscription | PermissionSet):
                checks[name] = make_check(schema, checks)
        for name, definition in definitions.items():
            for target, allowed in _references(definition):
                if not isinstance(definitions.get(target), allowed):
                    raise SchemaError(f"{name}: refers to {target}, which is nothing to refer to")
        return cls(
            MappingProxyType(definitions),
            MappingProxyType(checks),
            MappingProxyType({Nsid(n): d for n, d in definitions.items() if isinstance(d, Record)}),
            MappingProxyType({Nsid(n): d for n, d in definitions.items() if isinstance(d, Method)}),
        )

    def get(self, name: str) -> Definition:
        """The definition of ``nsid`` or ``nsid#name``. Raises `UnknownSchemaError`."""
        if name not in self.definitions:
            raise UnknownSchemaError(f"{name}: no such schema is known")
        return self.definitions[name]


def _references(node: Definition) -> Iterator[tuple[str, UnionType | type]]:
    """What is referred to anywhere within a definition, and what may be referred to there."""
    match node:
        case Ref():
            yield node.target, _VALUE
        case Union():
            for target in node.targets:
                yield target, Object | Record
    for part in _parts(node):
        yield from _references(part)


def _parts(node: Definition) -> Iterable[Definition]:
    match node:
        case Array():
            return (node.items,)
        case Object():
            return node.properties.values()
        case Record():
            return (node.schema,)
        case Method():
            return [body for body in (node.input, node.output) if body]
        case Subscription():
            return (node.message,)
    return ()


def packaged(namespace: str) -> Iterator[dict[str, Any]]:
    """The documents of this package in their JSON form, ours moved to ``namespace``."""
    for file in _json_files(files(__package__) / "json"):
        # Only the id of a schema of ours starts a JSON string so.
        text = file.read_text("utf-8").replace(f'"{DEFAULT_NAMESPACE}.', f'"{namespace}.')
        try:
            yield json.loads(text)
        except ValueError as exc:
            raise SchemaError(f"{file}: not JSON: {exc}") from exc


def _json_files(folder: Traversable) -> Iterator[Traversable]:
    if not folder.is_dir():
        raise SchemaError(f"{folder}: missing from the installation")
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _json_files(entry)
        elif entry.name.endswith(".json"):
            yield entry
