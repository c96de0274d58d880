"""The latest tracks page by page, whatever is written between two pages (docs/decisions/0009)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from atp.syntax import AtUri, Did
from tests.appview.client import Client
from tests.appview.index import Index

ARTISTS = 3
TIMES = ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "2999-01-01T00:00:00Z")
"""Two at which many tracks are made, and one that counts as the moment a track is first seen."""

artists = st.integers(0, ARTISTS - 1)
creates = st.tuples(st.just("create"), artists, st.sampled_from(TIMES))
steps = st.one_of(
    creates,
    st.tuples(st.just("delete"), st.integers(0, 15)),
    st.tuples(st.sampled_from(["hide", "show"]), artists),
)


class World:
    """An index, and what it is to show: the tracks that are there, of accounts not hidden."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.artists = [index.actor(f"artist{number}") for number in range(ARTISTS)]
        self.hidden: set[Did] = set()
        self.tracks: list[AtUri] = []

    def step(self, what: str, *given: Any) -> None:
        """One thing that happens."""
        match what, given:
            case "create", (artist, when):
                self.tracks.append(self.index.track(self.artists[artist], createdAt=when))
            case "delete", (number,) if self.tracks:
                self.index.delete(self.tracks.pop(number % len(self.tracks)))
            case "hide", (artist,):
                self.hidden.add(self.artists[artist])
                self.index.status(self.artists[artist], active=False)
            case "show", (artist,):
                self.hidden.discard(self.artists[artist])
                self.index.status(self.artists[artist], active=True)

    def shown(self) -> set[str]:
        """The tracks to be shown now."""
        return {uri for uri in self.tracks if uri.authority not in self.hidden}


class Reader:
    """Reads page after page as ``viewer``, and holds each against what was to be shown then."""

    def __init__(self, client: Client, viewer: Did | None, limit: int) -> None:
        self.client = client
        self.viewer = viewer
        self.limit = limit
        self.cursor: dict[str, str] = {}
        self.is_done = False
        self.met: list[str] = []
        self.always: set[str] | None = None

    def read(self, shown: set[str]) -> None:
        """One page more."""
        self.client.viewer = self.viewer
        page = self.client.get("feed.getLatestTracks", limit=self.limit, **self.cursor)
        uris = [track["uri"] for track in page["tracks"]]
        assert set(uris) <= shown
        self.met += uris
        assert len(self.met) == len(set(self.met)), "a track came twice"
        self.always = shown if self.always is None else self.always & shown
        self.is_done = "cursor" not in page
        if not self.is_done:
            assert len(uris) == self.limit, "a page is short although more follows"
            self.cursor = {"cursor": page["cursor"]}

    def check(self) -> None:
        """All came that was to be shown from the first page to the last."""
        assert self.always is not None
        assert self.always <= set(self.met)


@contextmanager
def asked() -> Iterator[tuple[Index, Client]]:
    """An empty index, and who asks the AppView over it."""
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder) / "index.db")
        client = Client(index)
        try:
            yield index, client
        finally:
            client.close()
            index.conn.close()


@settings(deadline=None, max_examples=30)
@given(
    before=st.lists(creates, min_size=4, max_size=12),
    between=st.lists(st.lists(steps, min_size=1, max_size=4), max_size=6),
    limit=st.integers(1, 3),
)
def test_pages_hold_together(
    before: list[tuple[Any, ...]], between: list[list[tuple[Any, ...]]], limit: int
) -> None:
    """No row is shown twice, none is missed: from fragments, and as an account is answered."""
    with asked() as (index, client):
        world = World(index)
        for step in before:
            world.step(*step)
        readers = [Reader(client, viewer, limit) for viewer in (None, index.actor("viewer"))]
        pauses = iter(between)
        while reading := [reader for reader in readers if not reader.is_done]:
            for reader in reading:
                reader.read(world.shown())
            for step in next(pauses, ()):
                world.step(*step)
        for reader in readers:
            reader.check()
