"""Accounts and raw records: the rows that every collection shares.

All functions run inside the writer's transaction. A URI has one row in ``records`` from the moment
somebody refers to it, so references never wait for what they point to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import apsw

from atp.cid import Cid
from atp.syntax import AtUri, Did
from atp.tid import Tid
from indexer.store import search

_NEW = (
    "INSERT INTO records (state, rev, cid, value, first_seen, problems, origin, actor, rkey,"
    " collection) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, id FROM collections WHERE nsid = ?"
)
_NEW_UNSEEN = (
    "INSERT INTO records (actor, rkey, state, collection)"
    " SELECT ?, ?, 'unseen', id FROM collections WHERE nsid = ?"
)


@dataclass(frozen=True, slots=True)
class Actor:
    """An account as a transaction needs it."""

    id: int
    did: Did
    active: bool
    upstream_active: bool
    upstream_status: str | None
    taken_down: bool

    @property
    def status(self) -> str | None:
        """Its status here: this operator's takedown stands before what is told upstream."""
        return "takendown" if self.taken_down else self.upstream_status


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records come from: a source, or a PDS whose repo was fetched as a repair."""

    id: int
    repair: bool


class Record(NamedTuple):
    """One AT-URI and its row.

    ``key`` is None where nobody has heard of it; ``rev`` and ``first_seen`` are None while it is
    unseen.
    """

    actor: int
    collection: str
    rkey: str
    key: int | None = None
    state: str = "unseen"
    rev: Tid | None = None
    first_seen: int | None = None

    @property
    def live(self) -> bool:
        """Whether the record exists in its repo, valid or not."""
        return self.state in ("valid", "invalid")


class Version(NamedTuple):
    """What a commit, or a repo at a rev, says of a record.

    ``value`` are its bytes, if there are any; ``first_seen`` is in microseconds, ``problems`` JSON.
    """

    rev: Tid
    cid: Cid
    value: bytes | None
    first_seen: int
    valid: bool
    problems: str | None
    origin: Origin


class Referred(NamedTuple):
    """The row of a URI that a record refers to: its key and whose it is.

    ``known`` is whether its record has come, or will since its repo is followed.
    """

    record: int
    owner: int
    known: bool


def find_actor(conn: apsw.Connection, did: Did) -> Actor | None:
    """The account, when we have ever heard of it."""
    row = conn.execute(
        "SELECT id, active, upstream_active, upstream_status, takedown IS NOT NULL FROM actors"
        " WHERE did = ?",
        (did,),
    ).fetchone()
    if row is None:
        return None
    return Actor(row[0], did, bool(row[1]), bool(row[2]), row[3], bool(row[4]))


def actor(conn: apsw.Connection, did: Did) -> Actor:
    """The account, made known if it was not."""
    found = find_actor(conn, did)
    if found is not None:
        return found
    conn.execute("INSERT INTO actors (did) VALUES (?)", (did,))
    made = find_actor(conn, did)  # which a label may have taken down before it was known
    assert made is not None, "it has just been inserted"
    return made


def origin(conn: apsw.Connection, name: str, *, repair: bool = False) -> Origin:
    """The origin of that URL, made known if it was not."""
    row = conn.execute(
        "SELECT id FROM origins WHERE name = ? AND repair = ?", (name, repair)
    ).fetchone()
    if row is not None:
        return Origin(int(row[0]), repair)
    conn.execute("INSERT INTO origins (name, repair) VALUES (?, ?)", (name, repair))
    return Origin(conn.last_insert_rowid(), repair)


def record(conn: apsw.Connection, actor_id: int, collection: str, rkey: str) -> Record:
    """What is held of an AT-URI."""
    row = conn.execute(
        "SELECT id, state, rev, first_seen FROM records WHERE actor = ?"
        " AND collection = (SELECT id FROM collections WHERE nsid = ?) AND rkey = ?",
        (actor_id, collection, rkey),
    ).fetchone()
    if row is None:
        return Record(actor_id, collection, rkey)
    key, state, rev, first_seen = row
    return Record(
        actor_id, collection, rkey, key, state, None if rev is None else Tid(rev), first_seen
    )


def subject(conn: apsw.Connection, uri: AtUri) -> Referred | None:
    """The row of a URI that a record refers to; None when it does not name a record by DID."""
    _, _, authority, *path = uri.split("/")
    if len(path) < 2 or not authority.startswith("did:"):
        return None
    collection, rkey = path
    row = conn.execute(
        # Without a join, as that takes twice as long.
        "SELECT id, actor,"
        " state <> 'unseen' OR EXISTS (SELECT 1 FROM repos r WHERE r.actor = s.actor)"
        " FROM records s WHERE actor = (SELECT id FROM actors WHERE did = ?)"
        " AND collection = (SELECT id FROM collections WHERE nsid = ?) AND rkey = ?",
        (authority, collection, rkey),
    ).fetchone()
    if row is not None:
        return Referred(row[0], row[1], bool(row[2]))
    owner = actor(conn, Did(authority)).id
    known = conn.execute("SELECT 1 FROM repos WHERE actor = ?", (owner,)).fetchone() is not None
    return Referred(_unseen(conn, owner, collection, rkey), owner, known)


def write(conn: apsw.Connection, record: Record, version: Version) -> int:
    """Store a record's newest version; returns its key."""
    columns = (
        "valid" if version.valid else "invalid",
        version.rev,
        version.cid,
        version.value,
        version.first_seen,
        version.problems,
        version.origin.id,
    )
    if record.key is not None:
        conn.execute(
            "UPDATE records SET state = ?, rev = ?, cid = ?, value = ?, first_seen = ?,"
            " problems = ?, origin = ? WHERE id = ?",
            (*columns, record.key),
        )
        return record.key
    return _insert(conn, _NEW, (*columns, record.actor, record.rkey), record.collection)


def bury(conn: apsw.Connection, record: Record, rev: Tid) -> None:
    """Leave a tombstone: the rev of the delete and nothing of the value."""
    key = record.key
    if key is None:
        key = _unseen(conn, record.actor, record.collection, record.rkey)
    conn.execute(
        "UPDATE records SET state = 'deleted', rev = ?, cid = NULL, value = NULL, problems = NULL,"
        " origin = NULL WHERE id = ?",
        (rev, key),
    )


def count_records(conn: apsw.Connection, actor_id: int, change: int) -> None:
    """Move the number of live records of ours that an account holds."""
    conn.execute("UPDATE actors SET records = records + ? WHERE id = ?", (change, actor_id))


def set_status(
    conn: apsw.Connection, actor_id: int, *, upstream_active: bool, status: str | None
) -> None:
    """Store the upstream hosting status."""
    conn.execute(
        "UPDATE actors SET upstream_active = ?, upstream_status = ? WHERE id = ?",
        (upstream_active, status, actor_id),
    )


def scrub(conn: apsw.Connection, actor_id: int) -> None:
    """Forget what a deleted account wrote; each record leaves its tombstone."""
    conn.execute(
        "UPDATE records SET state = 'deleted', cid = NULL, value = NULL, problems = NULL,"
        " origin = NULL WHERE actor = ? AND state IN ('valid', 'invalid')",
        (actor_id,),
    )
    conn.execute(
        "UPDATE actors SET handle = NULL, handle_due = NULL, pds = NULL, records = 0, tracks = 0,"
        " likes = 0, comments = 0, lists = 0, seconds = 0 WHERE id = ?",
        (actor_id,),
    )
    search.put_actor(conn, actor_id)


def _unseen(conn: apsw.Connection, actor_id: int, collection: str, rkey: str) -> int:
    """The key of a new row for an AT-URI."""
    return _insert(conn, _NEW_UNSEEN, (actor_id, rkey), collection)


def _insert(
    conn: apsw.Connection, statement: str, values: Sequence[object], collection: str
) -> int:
    """Insert a row, and make its collection known if it was not; returns its key."""
    conn.execute(statement, (*values, collection))
    if conn.changes() == 0:
        conn.execute("INSERT INTO collections (nsid) VALUES (?)", (collection,))
        conn.execute(statement, (*values, collection))
    return conn.last_insert_rowid()
