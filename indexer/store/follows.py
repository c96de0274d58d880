"""Viewers, the accounts that ask for their timelines, and whom they follow.

Ordered by ``rev`` as everything is: what a reading says holds as of the rev at which the repo stood
before it began, so a commit after that rev is newer than the reading and one up to it is part of
it. A deleted follow stays as a tombstone until a whole reading is newer than it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import apsw

from atp.syntax import Did, RecordKey
from atp.tid import Tid

MAX_FOLLOWS = 10_000
"""Of one viewer."""

MAX_VIEWERS = 20_000
"""Of more, those that have not asked for longest are forgotten."""

MAX_FAILURE = 512
"""Characters of why a reading failed."""

SECOND = 1_000_000
FRESH = 86_400 * SECOND
"""µs after a reading until the follows of a viewer who asks are read again."""
SOON = 60 * SECOND
"""µs after a reading until an event may ask for another."""


@dataclass(frozen=True, slots=True)
class Follow:
    """A follow record: its key, and whom it names; None where it is deleted."""

    rkey: RecordKey
    subject: Did | None


@dataclass(frozen=True, slots=True)
class Due:
    """A viewer whose follows are to be read, and how many readings have failed in a row."""

    did: Did
    attempts: int


def ask(conn: apsw.Connection, did: Did, now: int) -> None:
    """Note that an account asks for its timeline, and have its follows read where it is time."""
    conn.execute(
        "INSERT INTO viewers (did, asked_at, due_at) VALUES (?1, ?2, ?2) ON CONFLICT DO UPDATE"
        " SET asked_at = ?2, due_at = iif(read_at < ?3, coalesce(due_at, ?2), due_at)",
        (did, now, now - FRESH),
    )


def viewers(conn: apsw.Connection) -> Iterator[Did]:
    """Every viewer."""
    for (did,) in conn.execute("SELECT did FROM viewers"):
        yield Did(did)


def due(conn: apsw.Connection, now: int, limit: int, under_way: Collection[Did]) -> list[Due]:
    """Viewers whose follows are to be read, but for those ``under_way``; longest waiting first."""
    rows = conn.execute(
        "SELECT did, attempts FROM viewers WHERE due_at <= ?"
        " AND did NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at LIMIT ?",
        (now, json.dumps(list(under_way)), limit),
    )
    return [Due(Did(did), attempts) for did, attempts in rows]


def next_due(conn: apsw.Connection, under_way: Collection[Did]) -> int | None:
    """When the follows of the next viewer are to be read, µs."""
    at: int | None = conn.execute(
        "SELECT min(due_at) FROM viewers WHERE did NOT IN (SELECT value FROM json_each(?))",
        (json.dumps(list(under_way)),),
    ).get
    return at


def doubt(conn: apsw.Connection, did: Did, now: int) -> bool:
    """Have an account's follows read again, if it is a viewer; return whether it is one."""
    conn.execute(
        "UPDATE viewers SET due_at = max(coalesce(due_at, 0), coalesce(read_at, 0) + ?3, ?2)"
        " WHERE did = ?1",
        (did, now, SOON),
    )
    return bool(conn.changes())


def write(conn: apsw.Connection, did: Did, follows: Sequence[Follow], rev: Tid) -> None:
    """Write part of a reading that began when the repo stood at ``rev``.

    What a later commit wrote or deleted stays.
    """
    _put(conn, did, follows, rev, new=True, newer="excluded.rev >= rev")


def commit(conn: apsw.Connection, did: Did, follows: Sequence[Follow], rev: Tid) -> None:
    """Write what a commit did to an account's follows, if it is a viewer; a replay does nothing."""
    row = conn.execute(
        "SELECT coalesce(v.rev, ''), (SELECT count(*) FROM follows f WHERE f.viewer = v.id)"
        " FROM viewers v WHERE v.did = ?",
        (did,),
    ).fetchone()
    if row is not None and rev > row[0]:
        _put(conn, did, follows, rev, new=row[1] < MAX_FOLLOWS, newer="excluded.rev > rev")


def _put(
    conn: apsw.Connection,
    did: Did,
    follows: Sequence[Follow],
    rev: Tid,
    *,
    new: bool,
    newer: str,
) -> None:
    conn.executemany(
        "INSERT INTO follows (viewer, rkey, subject, rev)"  # noqa: S608 - from above
        " SELECT v.id, ?2, ?3, ?4 FROM viewers v WHERE v.did = ?1 AND (?5"
        "  OR EXISTS (SELECT 1 FROM follows f WHERE f.viewer = v.id AND f.rkey = ?2))"
        " ON CONFLICT DO UPDATE SET subject = excluded.subject, rev = excluded.rev"
        f" WHERE {newer}",
        [(did, follow.rkey, follow.subject, rev, new) for follow in follows],
    )


def finish(conn: apsw.Connection, did: Did, rev: Tid, began: int, now: int) -> None:
    """End a reading of all, begun at ``began`` and ``rev``: what it has not seen is gone.

    What puts the follows in doubt meanwhile asks for another.
    """
    conn.execute(
        "DELETE FROM follows WHERE viewer = (SELECT id FROM viewers WHERE did = ?1)"
        " AND (rev < ?2 OR (rev = ?2 AND subject IS NULL))",
        (did, rev),
    )
    conn.execute(
        "UPDATE viewers SET rev = ?2, read_at = ?4, attempts = 0, failure = NULL,"
        " due_at = iif(due_at > ?3, max(due_at, ?4 + ?5), NULL) WHERE did = ?1",
        (did, rev, began, now, SOON),
    )


def fail(conn: apsw.Connection, did: Did, due_at: int, why: str) -> None:
    """End a reading that did not come to its end; try again at ``due_at``."""
    conn.execute(
        "UPDATE viewers SET due_at = ?, attempts = attempts + 1, failure = ? WHERE did = ?",
        (due_at, why[:MAX_FAILURE], did),
    )


def postpone(conn: apsw.Connection, did: Did, due_at: int) -> None:
    """Let a reading that was not tried wait until ``due_at``."""
    conn.execute("UPDATE viewers SET due_at = ? WHERE did = ?", (due_at, did))


def forget(conn: apsw.Connection, did: Did) -> None:
    """Forget a viewer and whom it follows."""
    conn.execute("DELETE FROM viewers WHERE did = ?", (did,))


def forget_oldest(conn: apsw.Connection, before: int) -> Did | None:
    """Forget who has not asked for longest, if not since ``before`` or if there are too many.

    Returns who that was.
    """
    did = conn.execute(
        "DELETE FROM viewers WHERE id = (SELECT id FROM viewers WHERE asked_at < ?"
        " OR (SELECT count(*) FROM viewers) > ? ORDER BY asked_at LIMIT 1) RETURNING did",
        (before, MAX_VIEWERS),
    ).get
    return None if did is None else Did(did)
