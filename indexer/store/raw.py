"""Raw records as a rebuild reads them, and emptying what it makes anew."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from atp.syntax import Nsid

PAGE = 500

_EMPTY = """
DELETE FROM self_labels;
DELETE FROM list_items;
DELETE FROM lists;
DELETE FROM tracks;
DELETE FROM likes;
DELETE FROM comments;
DELETE FROM profiles;
DELETE FROM bsky_profiles;
DELETE FROM blobs;
DELETE FROM notifications;
DELETE FROM counters;
UPDATE actors SET records = 0, tracks = 0, likes = 0, comments = 0, lists = 0, seconds = 0;
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A live record; ``value`` is None where its bytes could not be had."""

    id: int
    actor: int
    active: bool
    collection: Nsid
    rkey: str
    value: bytes | None
    first_seen: int


def clear_typed_rows(conn: apsw.Connection) -> None:
    """Empty every table and counter that raw records make."""
    conn.execute(_EMPTY)


def live_after(conn: apsw.Connection, after: int) -> list[Stored]:
    """The next live records by key."""
    return [
        Stored(key, actor, bool(active), Nsid(nsid), rkey, value, first_seen)
        for key, actor, active, nsid, rkey, value, first_seen in conn.execute(
            "SELECT r.id, r.actor, a.active, c.nsid, r.rkey, r.value, r.first_seen"
            " FROM records r JOIN actors a ON a.id = r.actor"
            " JOIN collections c ON c.id = r.collection"
            " WHERE r.id > ? AND r.state IN ('valid', 'invalid') ORDER BY r.id LIMIT ?",
            (after, PAGE),
        )
    ]


def count(conn: apsw.Connection, actor: int) -> None:
    """Count one live record of ours for an account."""
    conn.execute("UPDATE actors SET records = records + 1 WHERE id = ?", (actor,))


def set_judgement(conn: apsw.Connection, record: int, *, valid: bool, problems: str | None) -> None:
    """Store what is said of a record now, if it is not what was said before."""
    state = "valid" if valid else "invalid"
    conn.execute(
        "UPDATE records SET state = ?1, problems = ?2"
        " WHERE id = ?3 AND (state, problems) IS NOT (?1, ?2)",
        (state, problems, record),
    )
