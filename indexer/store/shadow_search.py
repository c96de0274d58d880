"""The search index compared with what the raw records say (see `indexer.store.shadow`).

The full-text tables are compared term by term, so that a document that is not found by one of its
words is as wrong as one that is missing. A finding is the table and what it is about: the URI of a
record, the DID of an account, or a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apsw

from indexer.schema import Kind

_TERMS = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.{schema}_{table}"
    " USING fts5vocab ({schema}, {table}, instance)"
)
_ENTRIES = "SELECT doc, kind, key, actor, sort_at, name, also FROM {schema}.search_entries"
_TEXT = "SELECT doc, term FROM temp.{schema}_search_text"
_WORDS = "SELECT word, kind, uses FROM {schema}.search_words"
_INFIXES = (
    "SELECT coalesce(w.word, v.doc), w.kind, v.term FROM temp.{schema}_search_infixes v"
    " LEFT JOIN {schema}.search_words w ON w.id = v.doc"
)


def differences(conn: apsw.Connection) -> Iterator[tuple[str, str]]:
    """Every table and subject in which the live index differs from its rebuilt shadow."""
    for schema in ("main", "live"):
        for table in ("search_text", "search_infixes"):
            conn.execute(_TERMS.format(schema=schema, table=table))
    for table, query in (("search_entries", _ENTRIES), ("search_text", _TEXT)):
        for doc in _odd(conn, query):
            yield table, _subject(conn, doc)
    for table, query in (("search_words", _WORDS), ("search_infixes", _INFIXES)):
        for word in _odd(conn, query):
            yield table, str(word)


def _odd(conn: apsw.Connection, query: str) -> list[Any]:
    """The first column of all rows that stand on one side alone."""
    live, main = query.format(schema="live"), query.format(schema="main")
    sides = ((live, main), (main, live))
    rows: list[tuple[Any, ...]] = []
    for one, other in sides:
        rows += conn.execute(f"{one} EXCEPT {other}").fetchall()
    return [row[0] for row in rows]


def _subject(conn: apsw.Connection, doc: int) -> str:
    kind, key = Kind.split(doc)
    if kind == Kind.ACTOR:
        found = conn.execute("SELECT did FROM main.actors WHERE id = ?", (key,)).get
    else:
        found = conn.execute(
            "SELECT 'at://' || a.did || '/' || c.nsid || '/' || r.rkey FROM main.records r"
            " JOIN main.actors a ON a.id = r.actor JOIN main.collections c ON c.id = r.collection"
            " WHERE r.id = ?",
            (key,),
        ).get
    return str(found or f"document {doc}")
