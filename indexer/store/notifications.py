"""What is told to the owner of a track: likes, comments, additions to lists, features.

Rows are kept whether the track has come or not, so that one that arrives late finds them waiting;
who reads them leaves out what is not shown. What an account does with its own tracks it is not
told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Literal

import apsw

from atp.syntax import Did
from atp.tid import Tid
from indexer.store import rows

_BY = "DELETE FROM notifications WHERE record IN (SELECT record FROM {} WHERE actor = ?)"
_OF_ACCOUNT = {table: _BY.format(table) for table in ("likes", "comments", "lists", "tracks")}


def tell(
    conn: apsw.Connection,
    owner: int,
    kind: Literal["like", "comment", "feature"],
    record: int,
    *,
    subject: int,
    sort_at: int,
) -> None:
    """Tell an account of what somebody else's record does with a subject."""
    conn.execute(
        "INSERT INTO notifications (owner, sort_at, record, kind, subject) VALUES (?, ?, ?, ?, ?)",
        (owner, sort_at, record, kind, subject),
    )


def tell_featured(
    conn: apsw.Connection, track: int, actor: int, sort_at: int, guests: Iterable[Did]
) -> None:
    """Tell the accounts that a track credits."""
    for did in guests:
        owner = rows.actor(conn, did).id
        if owner != actor:
            tell(conn, owner, "feature", track, subject=track, sort_at=sort_at)


def tell_listed(
    conn: apsw.Connection, record: int, actor: int, sort_at: int, subjects: Sequence[int]
) -> None:
    """Tell the owners of what a list holds, in its order, when it came to hold it.

    That is when the list is from; of what came in later than we first saw the list, when the commit
    that brought it is from.
    """
    found: tuple[str, int] = conn.execute(
        "SELECT rev, first_seen FROM records WHERE id = ?", (record,)
    ).fetchone()  # type: ignore[assignment]
    written = Tid(found[0]).micros()
    at = written if written > found[1] else sort_at
    held = json.dumps(subjects)
    conn.execute(
        "DELETE FROM list_adds WHERE list = ?1"
        " AND subject NOT IN (SELECT value FROM json_each(?2))",
        (record, held),
    )
    conn.execute(
        "INSERT INTO list_adds (list, subject, at) SELECT ?1, value, ?2 FROM json_each(?3)"
        " WHERE true ON CONFLICT DO NOTHING",
        (record, at, held),
    )
    conn.execute(
        "INSERT INTO notifications (owner, sort_at, record, kind, subject)"
        " SELECT r.actor, d.at, ?1, 'list', r.id FROM json_each(?2) j"
        " CROSS JOIN records r ON r.id = j.value AND r.actor <> ?3"
        " CROSS JOIN list_adds d ON d.list = ?1 AND d.subject = r.id"
        " ORDER BY j.key ON CONFLICT DO NOTHING",
        (record, held, actor),
    )


def take_back(conn: apsw.Connection, record: int) -> None:
    """Tell nobody of a record any more."""
    conn.execute("DELETE FROM notifications WHERE record = ?", (record,))


def purge(
    conn: apsw.Connection, table: Literal["likes", "comments", "lists", "tracks"], actor: int
) -> None:
    """Tell nobody of an account's rows in a table, which are still there."""
    conn.execute(_OF_ACCOUNT[table], (actor,))
