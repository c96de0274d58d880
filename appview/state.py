"""What one answer is made of: the ids a query found, and the rows loaded for them.

Rows are keyed by the index's integer ids, accounts by DID. In every mapping None means asked for
and absent; an id that is missing was not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from appview.media import LOCAL, Media
from atp.cbor import Value
from atp.cid import Cid
from atp.label import Label
from atp.syntax import AtUri, Did, Handle
from lexicons.features import features


@dataclass(frozen=True, slots=True)
class Actor:
    """An account that the index knows, and how much it holds.

    ``handle`` is verified or ``handle.invalid``; ``avatar`` is an address that the account claims,
    ``avatar_cid`` the blob of its Bluesky profile.
    """

    did: Did
    handle: Handle
    active: bool
    display_name: str | None
    avatar: str | None
    avatar_cid: Cid | None
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
        return features(self.value.get("features"))


@dataclass(frozen=True, slots=True)
class Act:
    """Something that an account did: the record that says so, and the track that it is about.

    ``kind`` is track, like, comment, list or feature; ``at`` is where it sorts, µs.
    """

    kind: str
    record: int
    track: int | None
    at: int


class AlbumKey(NamedTuple):
    """An album: its artist, its slug, and the list that it is to be shown by.

    ``list`` is None for the list of that slug, which need not be there.
    """

    actor: int
    slug: str
    list: int | None = None


@dataclass(frozen=True, slots=True)
class Album:
    """An album; ``begun`` (µs) is when a list or track that bears its name was first published.

    ``cover`` is the address of a picture of one of its tracks.
    """

    author: Did
    slug: str
    title: str
    list: int | None
    begun: int
    tracks: int
    seconds: int
    cover: str | None


@dataclass(frozen=True, slots=True)
class TrackAlbum:
    """The album that a track names; ``list`` is the artist's list of that slug.

    ``cover`` is the address of another track's picture, where this one has none.
    """

    slug: str
    list: AtUri | None
    cover: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """A query's skeleton: what to load and show, in order, and where the next page starts.

    ``positions`` are those of a list's items to show; ``subjects`` has the ids of what stands at
    them, as far as it names records; ``further`` are tracks behind a list's items.
    """

    tracks: tuple[int, ...] = ()
    comments: tuple[int, ...] = ()
    likes: tuple[int, ...] = ()
    lists: tuple[int, ...] = ()
    actors: tuple[Did, ...] = ()
    positions: range = range(0)
    subjects: Mapping[int, int] = field(default_factory=dict)
    acts: tuple[Act, ...] = ()
    albums: tuple[AlbumKey, ...] = ()
    further: tuple[int, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """The asking account's own likes and lists, by the track that they are of."""

    likes: Mapping[int, AtUri] = field(default_factory=dict)
    lists: Mapping[int, tuple[AtUri, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """The rows loaded for a page, every account that they name, and the viewer if there is one.

    ``labels`` are those in force on what is shown, by URI, of accounts by DID; ``removed`` are the
    URIs and DIDs that our own labeler, or one that the caller lets do so, has taken down.
    """

    tracks: Mapping[int, Track | None]
    comments: Mapping[int, Record | None]
    likes: Mapping[int, Record | None]
    lists: Mapping[int, Record | None]
    actors: Mapping[Did, Actor | None]
    viewer: Viewer | None = None
    media: Media = LOCAL
    labels: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    albums: Mapping[AlbumKey, Album | None] = field(default_factory=dict)
    track_albums: Mapping[int, TrackAlbum] = field(default_factory=dict)
