"""A query's parameters, already checked against its lexicon, as the types that endpoints use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appview.cursor import CursorError, Place
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri, Did, Handle


@dataclass(frozen=True, slots=True)
class Params:
    """Each accessor names a parameter that the lexicon requires or gives a default."""

    values: Mapping[str, object]

    @property
    def limit(self) -> int:
        """How many items the caller wants on a page."""
        return self.number("limit")

    def number(self, name: str) -> int:
        """An integer."""
        number = self.values[name]
        assert isinstance(number, int)
        return number

    def text(self, name: str) -> str:
        """A text."""
        return str(self.values[name])

    def texts(self, name: str) -> tuple[str, ...]:
        """Texts, none where they are not given."""
        texts = self.values.get(name, [])
        assert isinstance(texts, list)
        return tuple(map(str, texts))

    def after(self, start: Place) -> Place:
        """The place that ``cursor`` names, ``start`` without one."""
        cursor = self.values.get("cursor")
        if cursor is None:
            return start
        try:
            return Place.decode(str(cursor))
        except CursorError as exc:
            raise XrpcError(400, "InvalidRequest", str(exc)) from exc

    def uri(self, name: str) -> AtUri:
        """An AT-URI."""
        uri = self.values[name]
        assert isinstance(uri, AtUri)
        return uri

    def uris(self, name: str) -> tuple[AtUri, ...]:
        """AT-URIs, in the caller's order."""
        uris = self.values[name]
        assert isinstance(uris, list)
        return tuple(uris)

    def actor(self, name: str) -> Did | Handle:
        """An account, by DID or handle."""
        who = self.values[name]
        assert isinstance(who, Did | Handle)
        return who

    def actors(self, name: str) -> tuple[Did | Handle, ...]:
        """Accounts, in the caller's order."""
        actors = self.values[name]
        assert isinstance(actors, list)
        return tuple(actors)
