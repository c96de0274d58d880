"""Lexicon schemas as typed nodes (spec §2.4).

A node is one object of the schema language. `lexicons.document` reads nodes from JSON and
`lexicons.checks` turns them into checks of values; names of other definitions are absolute here,
``nsid`` or ``nsid#name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from atp.syntax import Nsid
from lexicons.reader import Span

LITERAL_KEY = "literal:"
"""How the key of a record is marked that can only be the text that follows."""


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false; ``default`` stands for an absent parameter, here and below."""

    const: bool | None
    default: bool | None


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number. An empty ``enum`` allows all."""

    span: Span
    enum: tuple[int, ...]
    const: int | None
    default: int | None


@dataclass(frozen=True, slots=True)
class String:
    """Text. ``length`` counts UTF-8 bytes; ``format`` is a key of `atp.syntax.FORMATS`."""

    format: str | None
    length: Span
    graphemes: Span
    enum: tuple[str, ...]
    const: str | None
    default: str | None


@dataclass(frozen=True, slots=True)
class Bytes:
    """A byte string, of so many bytes."""

    length: Span


@dataclass(frozen=True, slots=True)
class CidLink:
    """A link to a block."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A reference to a blob of one of the media ranges ``accept``; where empty, of any."""

    accept: tuple[str, ...]
    max_size: int | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Any object."""


@dataclass(frozen=True, slots=True)
class Array:
    """So many values of one kind."""

    items: Field
    length: Span


@dataclass(frozen=True, slots=True)
class Object:
    """A map; it may hold more than the ``properties``, of which the ``nullable`` may be null."""

    required: tuple[str, ...]
    nullable: frozenset[str]
    properties: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Ref:
    """Whatever the definition ``target`` describes."""

    target: str


@dataclass(frozen=True, slots=True)
class Union:
    """A map whose ``$type`` names its definition: one of ``targets`` or, unless closed, any."""

    targets: tuple[str, ...]
    closed: bool


Field: TypeAlias = (
    "Boolean | Integer | String | Bytes | CidLink | Blob | Unknown | Array | Object | Ref | Union"
)
"""What can describe a value within a value."""


@dataclass(frozen=True, slots=True)
class Token:
    """A name that stands for itself; describes no value."""


@dataclass(frozen=True, slots=True)
class Record:
    """A collection's records; ``key`` is ``tid``, ``nsid``, ``any`` or `LITERAL_KEY` and a key."""

    key: str
    schema: Object


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of a method or subscription: scalars and arrays of scalars."""

    required: tuple[str, ...]
    properties: Mapping[str, Boolean | Integer | String | Array]


@dataclass(frozen=True, slots=True)
class Method:
    """A query or procedure, with its JSON bodies (`None` where there is no body or no schema)."""

    kind: Literal["query", "procedure"]
    params: Params
    input: Field | None
    output: Field | None
    errors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Subscription:
    """An event stream and the messages in it."""

    params: Params
    message: Union
    errors: frozenset[str]


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """Permissions to be asked for together; nothing here reads further into it."""


Definition: TypeAlias = "Field | Token | Record | Method | Subscription | PermissionSet"
"""What a document can define under a name."""


@dataclass(frozen=True, slots=True)
class Document:
    """One lexicon: what it defines, each under its absolute name."""

    id: Nsid
    definitions: Mapping[str, Definition]
