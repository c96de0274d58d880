"""Typed access to the JSON of a lexicon document, naming the place of whatever is wrong.

Lexicon JSON is untyped only here: a `Reader` stands at one object of a document and hands out its
members as the types that the schema language gives them. Members that nobody asks for are left
alone, as the language may grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

from atp.errors import AtpError, InvalidIdentifier
from atp.syntax import Nsid

_T = TypeVar("_T")


class SchemaError(AtpError):
    """A lexicon document that breaks the rules of the schema language (spec §2.4)."""


@dataclass(frozen=True, slots=True)
class Span:
    """Two bounds, either of which may be open; both belong to the span."""

    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Reader:
    """One JSON object of the lexicon ``document``; ``place`` is its path, for messages.

    Every method raises `SchemaError` where a member is of another type than asked for.
    """

    node: Mapping[str, object]
    place: str
    document: Nsid

    @classmethod
    def at(cls, node: object, place: str, document: Nsid) -> Self:
        """A reader of ``node``, which must be a JSON object."""
        if not isinstance(node, dict):
            raise SchemaError(f"{place}: must be an object")
        return cls(node, place, document)

    def error(self, message: str) -> SchemaError:
        """The error to raise for something wrong here."""
        return SchemaError(f"{self.place}: {message}")

    def text(self, key: str) -> str | None:
        """A string, if it is there."""
        return self._typed(key, str, "a string")

    def name(self, key: str) -> str:
        """A string that must be there."""
        text = self.text(key)
        if not text:
            raise self.error(f"{key} must be given")
        return text

    def flag(self, key: str) -> bool | None:
        """A boolean, if it is there."""
        return self._typed(key, bool, "a boolean")

    def integer(self, key: str) -> int | None:
        """An integer, if it is there."""
        return self._typed(key, int, "an integer")

    def texts(self, key: str) -> tuple[str, ...]:
        """An array of strings; empty where it is absent."""
        return self._array(key, str, "an array of strings")

    def integers(self, key: str) -> tuple[int, ...]:
        """An array of integers; empty where it is absent."""
        return self._array(key, int, "an array of integers")

    def span(self, low_key: str, high_key: str, *, least: int | None = 0) -> Span:
        """Two integers, neither below ``least`` and the first not above the second."""
        span = Span(self.integer(low_key), self.integer(high_key))
        given = [bound for bound in (span.low, span.high) if bound is not None]
        if least is not None and any(bound < least for bound in given):
            raise self.error(f"{low_key} and {high_key} must be at least {least}")
        if given != sorted(given):
            raise self.error(f"{low_key} must not be above {high_key}")
        return span

    def child(self, key: str) -> Reader:
        """An object that must be there."""
        if key not in self.node:
            raise self.error(f"{key} must be given")
        return Reader.at(self.node[key], f"{self.place}/{key}", self.document)

    def members(self, key: str) -> Iterator[tuple[str, Reader]]:
        """The members of an object of objects, by name; none where it is absent."""
        if key in self.node:
            parent = self.child(key)
            for name in parent.node:
                yield name, parent.child(name)

    def elements(self, key: str) -> Iterator[Reader]:
        """The elements of an array of objects; none where it is absent."""
        for index, node in enumerate(self._array(key, dict, "an array of objects")):
            yield Reader.at(node, f"{self.place}/{key}/{index}", self.document)

    def reference(self, text: str) -> str:
        """The full name of what ``text`` refers to, ``nsid`` or ``nsid#name``."""
        nsid, _, name = text.partition("#")
        try:
            target = Nsid.parse(nsid or self.document)
        except InvalidIdentifier as exc:
            raise self.error(f"bad reference: {exc}") from exc
        return target if name in ("", "main") else f"{target}#{name}"

    def _typed(self, key: str, kind: type[_T], want: str) -> _T | None:
        value = self.node.get(key)
        if value is None:
            return None
        if type(value) is not kind:
            raise self.error(f"{key} must be {want}")
        return value

    def _array(self, key: str, kind: type[_T], want: str) -> tuple[_T, ...]:
        values = self.node.get(key, [])
        if not isinstance(values, list) or any(type(value) is not kind for value in values):
            raise self.error(f"{key} must be {want}")
        return tuple(values)
