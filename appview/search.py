"""Ranking what a search found, and what a misspelt word may have meant (pure).

All texts here are folded (`lexicons.fold`). What matches better comes first, whatever is liked; of
what matches alike, the better liked comes first, then the newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

SHORTEST_TYPO = 3
LONGEST_TYPO = 20
"""Letters of a word that may be misspelt; of a shorter one, everything is one letter away."""
SHORTEST_INFIX = 3
SHORTEST_PREFIX = 2
"""Letters that are looked for inside of words, and at their beginnings."""

_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "абвгдежзиклмнопрстуфхцчшщъыьэюяєґ",
    "αβγδεζηθικλμνξοπρστυφχψω",
)


class Tier(IntEnum):
    """How well an entry matches; the first that holds counts."""

    NAMED = 0  # the query is its handle, DID, URI or link
    EXACT = 1  # the query is its name
    START = 2  # its name starts with the query
    NAME = 3  # its name has every word of the query
    WORDS = 4  # it has every word somewhere
    BEGINNINGS = 5  # every word of the query begins one of its words
    INSIDE = 6  # every word of the query is part of one of its words
    TYPO = 7  # every word of the query would, but for one letter


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that may match: its key, folded texts, how well known and how new (µs) it is."""

    key: int
    name: str
    also: str
    popularity: int
    sort_at: int


class Match(NamedTuple):
    """How well something matches, and its key."""

    tier: Tier
    key: int


class Query:
    """The words of a query, and what each may stand for."""

    def __init__(self, words: Sequence[str]) -> None:
        self.text = " ".join(words)
        self.words = tuple(dict.fromkeys(words))
        self.last = words[-1] if words else ""
        self._tests = (
            (Tier.BEGINNINGS, self._begins),
            (Tier.INSIDE, self._is_inside),
            (Tier.TYPO, self._is_meant),
        )

    def rank(self, entries: Iterable[Entry]) -> list[Match]:
        """What matches, best first."""
        found = [
            (-tier, entry.popularity, entry.sort_at, entry.key)
            for entry in entries
            if (tier := self.match(entry)) is not None
        ]
        return [Match(Tier(-tier), key) for tier, _, _, key in sorted(found, reverse=True)]

    def match(self, entry: Entry) -> Tier | None:
        """How well an entry matches; None when it does not."""
        if not self.words:
            return None
        if entry.name.startswith(self.text):
            return Tier.EXACT if entry.name == self.text else Tier.START
        name = entry.name.split(" ")
        text = [*name, *entry.also.split(" ")]
        if all(word in text for word in self.words):
            return Tier.NAME if all(word in name for word in self.words) else Tier.WORDS
        for tier, test in self._tests:
            if all(any(test(word, other) for other in text) for word in self.words):
                return tier
        return None

    def _begins(self, word: str, other: str) -> bool:
        return word == other or (len(word) >= SHORTEST_PREFIX and other.startswith(word))

    def _is_inside(self, word: str, other: str) -> bool:
        return word == other or (
            word in other
            and len(word) >= (SHORTEST_PREFIX if other.startswith(word) else SHORTEST_INFIX)
        )

    def _is_meant(self, word: str, other: str) -> bool:
        return other in self._variants[word] or self._is_inside(word, other)

    @cached_property
    def _variants(self) -> dict[str, frozenset[str]]:
        return {word: frozenset(variants(word)) for word in self.words}


def variants(word: str) -> list[str]:
    """All that differs from a word by one letter: left out, added, replaced, or two swapped.

    Letters are those of the word's own alphabet; of one that is not known here none is added.
    """
    if not SHORTEST_TYPO <= len(word) <= LONGEST_TYPO:
        return []
    alphabet = next((known for known in _ALPHABETS if any(char in known for char in word)), "")
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    made = {head + tail[1:] for head, tail in parts if tail}
    made |= {head + tail[1] + tail[0] + tail[2:] for head, tail in parts if len(tail) > 1}
    made |= {head + char + tail[1:] for head, tail in parts if tail for char in alphabet}
    made |= {head + char + tail for head, tail in parts for char in alphabet}
    return sorted(made - {word})
