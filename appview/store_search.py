"""Reads of the search index: the entries that may match, few enough to be ranked one by one.

Law: what a query costs does not grow with how common its words are. Entries are read best known
first, then newest first, and only so many of them: a common word ranks the best known `POOL` that
have it, beside those that are called exactly so. Looser ways to match are tried only where the
stricter ones filled no pool, so they run over words that are rare. What the text of a query can say
to the full-text tables is words, each in quotes; nothing in it is syntax.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from appview.search import SHORTEST_INFIX, SHORTEST_PREFIX, Entry, Query, variants
from appview.store import Store
from appview.store_listed import listed
from atp.syntax import Did
from indexer.schema import Kind

POOL = 150
"""Entries that are ranked."""
WALK = 4 * POOL
"""Documents that are looked at in one pass, hidden ones included."""
NAMESAKES = 50
"""Entries that are called exactly like the query; and that begin so, where it ends in a letter."""
TOGETHER = 4
"""Words of a query that entries are looked for by, the rarest; all are asked of what is ranked."""
FEW = 20
"""With fewer entries than this, parts of words and misspelt words are looked for too."""
SPELLINGS = 50
"""Words that a word of the query may stand for, most used first."""
READ = 4_000
"""Words that are read to find these."""
HELD = 100
"""Tracks or lists of an account that a query names."""

LAST_CHARACTER = chr(0x10FFFF)

_FROM = {
    Kind.TRACK: (
        "coalesce(n.likes, 0)",
        (
            " CROSS JOIN actors a ON a.id = e.actor AND a.active"
            " LEFT JOIN counters n ON n.record = e.key"
        ),
    ),
    Kind.ACTOR: (
        "a.tracks",
        " CROSS JOIN actors a ON a.id = e.actor AND a.active AND a.records > 0",
    ),
}
_FROM[Kind.LIST] = _FROM[Kind.TRACK]
"""How well known an entry of a kind is, and what tells that and whether it is shown."""

_OF = {
    Kind.TRACK: "SELECT record AS key, record, actor FROM tracks",
    Kind.ACTOR: "SELECT id AS key, NULL AS record, id AS actor FROM actors WHERE records > 0",
    Kind.LIST: "SELECT record AS key, record, actor FROM lists",
}
"""What entries are of, whether it has words or not."""

_NAMESAKES = (
    "(SELECT doc FROM search_entries WHERE kind = ? AND name = ? ORDER BY doc DESC LIMIT ?)"
)
_STARTING = (
    "(SELECT doc FROM search_entries WHERE kind = ? AND name > ? AND name < ?"
    " ORDER BY name LIMIT ?)"
)
_MATCHING = (
    "(SELECT rowid AS doc FROM search_text WHERE search_text MATCH ? AND rowid BETWEEN ? AND ?"
    " ORDER BY rowid DESC LIMIT ?)"
)


_Used = tuple[str, int]
"""A word, and how many entries have it."""


class Finder:
    """Looks for entries of one kind."""

    def __init__(self, store: Store, kind: Kind) -> None:
        self._store = store
        self._kind = kind

    def find(self, query: Query) -> list[Entry]:
        """The entries that may match, not yet ranked."""
        if not query.words:
            return []
        found = self._read(_NAMESAKES, self._kind, query.text, NAMESAKES)
        if len(query.last) < SHORTEST_PREFIX:
            found |= self._read(
                _STARTING, self._kind, query.text, query.text + LAST_CHARACTER, NAMESAKES
            )
        uses = self._uses(query.words)
        rarest = sorted(uses, key=uses.__getitem__)[:TOGETHER]
        spelt = [[word] for word in rarest]
        if all(uses.values()):
            self._match(found, spelt)
        looser = ((POOL, self._beginning), (FEW, self._containing), (FEW, self._near))
        for enough, others in looser:
            if len(found) >= enough:
                break
            more = [others(word) for word in rarest]
            if len(more) == 1:
                more = [_enough(more[0])]
            spelt = [
                [*one, *(word for word, _ in other)] for one, other in zip(spelt, more, strict=True)
            ]
            self._match(found, spelt)
        return list(found.values())

    def _uses(self, words: Sequence[str]) -> dict[str, int]:
        """How many entries have each of these words."""
        rows = self._store.read(
            "SELECT j.value, coalesce(w.uses, 0) FROM json_each(?2) j LEFT JOIN search_words w"
            " ON w.kind = ?1 AND w.word = j.value",
            (self._kind, json.dumps(words)),
        )
        return dict(rows)

    def _match(self, found: dict[int, Entry], spellings: Sequence[Sequence[str]]) -> None:
        """Add the entries that have one spelling of each word."""
        if all(spellings):
            either = ("(" + " OR ".join(map(_quoted, words)) + ")" for words in spellings)
            found.update(self._read(_MATCHING, " AND ".join(either), *self._kind.docs, WALK))

    def _read(self, docs: str, *values: object) -> dict[int, Entry]:
        popularity, joins = _FROM[self._kind]
        rows = self._store.read(
            f"SELECT e.key, e.name, e.also, {popularity}, e.sort_at FROM {docs} f"  # noqa: S608
            f" CROSS JOIN search_entries e ON e.doc = f.doc{joins} LIMIT {POOL}",
            values,
        )
        return {row[0]: Entry(*row) for row in rows}

    def _beginning(self, word: str) -> Sequence[_Used]:
        """Known words that begin so."""
        if len(word) < SHORTEST_PREFIX:
            return []
        return self._words(
            "SELECT word, uses FROM (SELECT word, uses FROM search_words"
            " WHERE kind = ?1 AND word > ?2 AND word < ?3 LIMIT ?4) ORDER BY uses DESC LIMIT ?5",
            word,
            word + LAST_CHARACTER,
            READ,
            SPELLINGS,
        )

    def _containing(self, word: str) -> Sequence[_Used]:
        """Known words that have it within."""
        if len(word) < SHORTEST_INFIX:
            return []
        trigrams = {word[at : at + 3] for at in range(len(word) - 2)}
        return self._words(
            "SELECT w.word, w.uses FROM (SELECT rowid AS id FROM search_infixes"
            " WHERE search_infixes MATCH ?2 LIMIT ?4) f CROSS JOIN search_words w ON w.id = f.id"
            " WHERE w.kind = ?1 AND instr(w.word, ?3) ORDER BY w.uses DESC LIMIT ?5",
            " AND ".join(map(_quoted, sorted(trigrams))),
            word,
            READ,
            SPELLINGS,
        )

    def _near(self, word: str) -> Sequence[_Used]:
        """Known words that differ from it by a letter."""
        return self._words(
            "SELECT w.word, w.uses FROM json_each(?2) j CROSS JOIN search_words w"
            " ON w.kind = ?1 AND w.word = j.value ORDER BY w.uses DESC LIMIT ?3",
            json.dumps(variants(word)),
            SPELLINGS,
        )

    def _words(self, query: str, *values: object) -> Sequence[_Used]:
        return list(self._store.read(query, (self._kind, *values)))


def listed_ranks(
    store: Store, kind: Kind, keys: Sequence[int], limit: int, given: str
) -> list[tuple[int, int]]:
    """The first of these that may be listed, each with its place among them.

    ``given`` is what `appview.labels.listing` gives.
    """
    rows = store.read(
        f"SELECT j.key, e.key FROM json_each(?2) j CROSS JOIN ({_OF[kind]}) e ON e.key = j.value"  # noqa: S608
        " CROSS JOIN actors a ON a.id = e.actor AND a.active"
        f" WHERE {listed('e.record', 'e.actor', '?1')} LIMIT ?3",
        (given, json.dumps(list(keys)), limit),
    )
    return [(place, key) for place, key in rows]


def held(store: Store, table: Literal["tracks", "lists"], actor: int) -> list[int]:
    """The newest tracks or lists of an account."""
    query = (
        f"SELECT record FROM {table} WHERE actor = ?"  # noqa: S608
        " ORDER BY sort_at DESC, record DESC LIMIT ?"
    )
    return [record for (record,) in store.read(query, (actor, HELD))]


def of_album(store: Store, table: Literal["tracks", "lists"], actor: int, slug: str) -> list[int]:
    """The tracks or lists of an account's album."""
    query = (
        f"SELECT record FROM {table} WHERE actor = ? AND album_slug = ?"  # noqa: S608
        " ORDER BY sort_at, record LIMIT ?"
    )
    return [record for (record,) in store.read(query, (actor, slug, HELD))]


def list_types(store: Store, keys: Sequence[int]) -> dict[int, str | None]:
    """The types of lists, as their authors say."""
    rows = store.read(
        "SELECT t.record, t.list_type FROM json_each(?) j CROSS JOIN lists t ON t.record = j.value",
        (json.dumps(list(keys)),),
    )
    return dict(rows)


def dids(store: Store, actors: Sequence[int]) -> tuple[Did, ...]:
    """The DIDs of accounts, in that order."""
    rows = store.read(
        "SELECT a.did FROM json_each(?) j CROSS JOIN actors a ON a.id = j.value ORDER BY j.key",
        (json.dumps(list(actors)),),
    )
    return tuple(Did(did) for (did,) in rows)


def _enough(words: Sequence[_Used]) -> Sequence[_Used]:
    """The first of the words that one word may stand for, until they fill a walk."""
    total = 0
    for place, (_, uses) in enumerate(words):
        if total >= WALK:
            return words[:place]
        total += uses
    return words


def _quoted(word: str) -> str:
    doubled = word.replace('"', '""')
    return f'"{doubled}"'
