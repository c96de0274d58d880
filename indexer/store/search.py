"""The search index: one document for each track, account and list that has words to be found by.

Documents follow the typed rows in the same transaction, so that what is deleted or renamed is
found no more at once; whether an account is hidden is for readers. By triggers, the full-text
tables follow `search_entries` and `search_words`.

A document's number begins with its kind and its standing, a logarithm of how many like it, so a
walk downwards meets the best known ones first and a reader may stop early. Being liked moves a
document when its standing changes, three times in the life of one that a thousand like; a trigger
sees to that too.
"""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from atp.syntax import Handle
from indexer.schema import Kind
from lexicons.fold import fold, words

BIO_WORDS = 20
"""Words from the beginning of an account's bio that it is found by."""

_CLEAR = """
DELETE FROM search_entries;
DELETE FROM search_words;
INSERT INTO search_text (search_text) VALUES ('delete-all');
INSERT INTO search_infixes (search_infixes) VALUES ('delete-all');
"""
_USE = (
    "INSERT INTO search_words (kind, word, uses) VALUES (?, ?, 1)"
    " ON CONFLICT DO UPDATE SET uses = uses + 1"
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a document is of: the key of a record or account, whose it is, where it sorts (µs)."""

    kind: Kind
    key: int
    actor: int
    sort_at: int


def put_record(conn: apsw.Connection, subject: Subject, name: str, also: str = "") -> None:
    """Write the document of a track or list that has none."""
    _insert(conn, subject, _standing(conn, subject.key), fold(name), fold(also))


def drop(conn: apsw.Connection, kind: Kind, key: int) -> None:
    """Delete the document of a record or account, if it has one."""
    row = conn.execute(
        "DELETE FROM search_entries WHERE kind = ? AND key = ? RETURNING name, also", (kind, key)
    ).fetchone()
    if row is None:
        return
    used = [(kind, word) for word in _distinct(*row)]
    conn.executemany("UPDATE search_words SET uses = uses - 1 WHERE kind = ? AND word = ?", used)
    conn.executemany("DELETE FROM search_words WHERE kind = ? AND word = ? AND uses = 0", used)


def put_actor(conn: apsw.Connection, actor: int) -> None:
    """Write the document of an account as its handle and profiles are now.

    An account without a display name goes by its handle.
    """
    row = conn.execute(
        "SELECT nullif(a.handle, ?), b.display_name, p.bio FROM actors a"
        " LEFT JOIN bsky_profiles b ON b.actor = a.id LEFT JOIN profiles p ON p.actor = a.id"
        " WHERE a.id = ?",
        (Handle.INVALID, actor),
    ).fetchone()
    handle, display_name, bio = row or (None, None, None)
    name = fold(display_name or "") or fold(handle or "")
    also = " ".join([*words(handle or ""), *words(bio or "")[:BIO_WORDS]])
    kept = conn.execute(
        "SELECT name, also FROM search_entries WHERE kind = ? AND key = ?", (Kind.ACTOR, actor)
    ).fetchone()
    if kept == (name, also):
        return
    drop(conn, Kind.ACTOR, actor)
    if name or also:
        _insert(conn, Subject(Kind.ACTOR, actor, actor, 0), 0, name, also)


def purge(conn: apsw.Connection, kind: Kind, table: str, actor: int) -> None:
    """Delete the documents of all records of an account in a table of theirs."""
    query = f"SELECT record FROM {table} WHERE actor = ?"  # noqa: S608 - a name of ours
    for record in [int(key) for (key,) in conn.execute(query, (actor,))]:
        drop(conn, kind, record)


def clear(conn: apsw.Connection) -> None:
    """Delete every document, and whatever the full-text tables held besides."""
    # Without triggers, which would take one document after another out of tables that may be wrong.
    conn.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    try:
        conn.execute(_CLEAR)
    finally:
        conn.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 1)


def put_actors(conn: apsw.Connection) -> None:
    """Write the documents of all accounts that have a handle or a profile."""
    rows = conn.execute(
        "SELECT id FROM actors WHERE handle IS NOT NULL UNION SELECT actor FROM bsky_profiles"
        " UNION SELECT actor FROM profiles"
    )
    for actor in [int(key) for (key,) in rows]:
        put_actor(conn, actor)


def _insert(conn: apsw.Connection, subject: Subject, standing: int, name: str, also: str) -> None:
    kind, key = subject.kind, subject.key
    conn.execute(
        "INSERT INTO search_entries (doc, kind, key, actor, sort_at, name, also)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (kind.doc(standing, key), kind, key, subject.actor, subject.sort_at, name, also),
    )
    conn.executemany(_USE, [(kind, word) for word in _distinct(name, also)])


def _distinct(name: str, also: str) -> list[str]:
    return list(dict.fromkeys(f"{name} {also}".split()))


def _standing(conn: apsw.Connection, record: int) -> int:
    row = conn.execute("SELECT standing FROM counters WHERE record = ?", (record,)).fetchone()
    return 0 if row is None else int(row[0])
