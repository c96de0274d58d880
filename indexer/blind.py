"""Which sources are blind for our namespace: what each delivers, compared with the others.

Only a verified commit with an operation in our namespace is evidence, so a source that lies makes
no other look blind, and without evidence there is no alarm: a namespace in which nothing happens
accuses nobody. Other commits of accounts that we follow are none, since a source that ran ahead may
have passed them over before we followed. A source alone is compared with nobody, at no cost.

Memory: the newest `MAX_OPEN` commits; what is forgotten is owed by nobody, nor is anything older,
which a source that catches up may bring once more.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.eye import Commit, Eye, Key

MAX_OPEN = 10_000
MAX_UNPROVEN = 1_000


class Detector:
    """Compares the sources, whose eyes stand here by URL."""

    def __init__(self, eyes: Mapping[str, Eye]) -> None:
        self._eyes = eyes
        self._delivered: dict[Key, dict[str, int]] = {}  # by which source, at which seq
        self._unproven: dict[Key, set[str]] = {}

    @property
    def compares(self) -> bool:
        """Whether there is anything to compare."""
        return len(self._eyes) > 1

    def __len__(self) -> int:
        """How many commits are remembered."""
        return len(self._delivered) + len(self._unproven)

    def deliver(self, source: str, seq: int, commit: Commit, now: int) -> None:
        """A source has delivered a verified commit of ours, at ``seq`` of its stream."""
        by = self._delivered.get(commit.key)
        if by is not None and source in by:
            return
        self._eyes[source].deliver(commit, now)
        if by is None:
            self._open(source, commit, now)
            self._delivered[commit.key] = {source: seq}
            return
        if len(by) == 1:
            [(first, at)] = by.items()
            self._eyes[first].agree(commit, at, now)
        by[source] = seq
        self._eyes[source].agree(commit, seq, now)

    def unproven(self, source: str, key: Key) -> None:
        """A source has delivered a commit that could not be verified just then."""
        self._eyes[source].excuse(key)
        if key not in self._delivered:
            while len(self._unproven) >= MAX_UNPROVEN:
                del self._unproven[next(iter(self._unproven))]
            self._unproven.setdefault(key, set()).add(source)

    def look(self) -> None:
        """Judge every source by how far it has got."""
        for eye in self._eyes.values():
            eye.look()

    def _open(self, source: str, commit: Commit, now: int) -> None:
        while len(self._delivered) >= MAX_OPEN:
            oldest = next(iter(self._delivered))
            del self._delivered[oldest]
            for eye in self._eyes.values():
                eye.forget(oldest, min(oldest[1].micros(), now))
        excused = self._unproven.pop(commit.key, set()) | {source}
        for url, eye in self._eyes.items():
            if url not in excused:
                eye.owe(commit, now)
