"""What one answer is made of: the ids a query found, and the rows loaded for them.

Rows are keyed by the index's integer ids, accounts by DID. In every mapping None means asked for
and absent; an id that is missing was not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from atp.cbor import Value
from atp.cid import Cid
from atp.errors import InvalidIdentifier
from atp.syntax import AtUri, Did, Handle


@dataclass(frozen=True, slots=True)
class Actor:
    """An account that the index knows, and how much it holds.

    ``handle`` is verified or ``handle.invalid``.
    """

    did: Did
    handle: Handle
    active: bool
    display_name: str | None
    avatar: str | None
    bio: str | None
    tracks: int
    likes: int
    comments: int
    lists: int


@dataclass(frozen=True, slots=True)
class Record:
    """A valid record as its author signed it; ``first_seen`` is µs since the epoch."""

    uri: AtUri
    cid: Cid
    author: Did
    value: Mapping[str, Value]
    first_seen: int


@dataclass(frozen=True, slots=True)
class Track(Record):
    """A track, its place in lists by time (µs) and how often active accounts refer to it."""

    sort_at: int
    likes: int
    comments: int
    lists: int

    @property
    def features(self) -> tuple[Did, ...]:
        """The accounts credited as guests, each once; old records name them by bare DID."""
        guests = self.value.get("features")
        named = [
            guest.get("did") if isinstance(guest, dict) else guest
            for guest in (guests if isinstance(guests, list) else ())
        ]
        return tuple(dict.fromkeys(did for text in named for did in _did(text)))


@dataclass(frozen=True, slots=True)
class Page:
    """A query's skeleton: what to load and show, in order, and where the next page starts.

    ``positions`` are those of a list's items to show; ``subjects`` has the ids of what stands at
    them, as far as it names records.
    """

    tracks: tuple[int, ...] = ()
    comments: tuple[int, ...] = ()
    likes: tuple[int, ...] = ()
    lists: tuple[int, ...] = ()
    actors: tuple[Did, ...] = ()
    positions: range = range(0)
    subjects: Mapping[int, int] = field(default_factory=dict)
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """The asking account's own likes and lists, by the track that they are of."""

    likes: Mapping[int, AtUri] = field(default_factory=dict)
    lists: Mapping[int, tuple[AtUri, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """The rows loaded for a page, every account that they name, and the viewer if there is one."""

    tracks: Mapping[int, Track | None]
    comments: Mapping[int, Record | None]
    likes: Mapping[int, Record | None]
    lists: Mapping[int, Record | None]
    actors: Mapping[Did, Actor | None]
    viewer: Viewer | None = None


def _did(text: Value) -> Iterator[Did]:
    if isinstance(text, str):
        with suppress(InvalidIdentifier):
            yield Did.parse(text)
