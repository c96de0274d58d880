"""Reading and writing ``labels.db``: labels in the order in which they were given.

A sequence number is `max(last + 1, microseconds since the epoch)`, given inside the transaction of
the one writer; so numbers follow the order of the commits, and after a restore from a backup they
jump ahead of all that anybody ever saw. Every function runs on its caller's connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import apsw

from atp.label import Label
from atp.syntax import Datetime, Did

_LABEL = "seq, src, uri, cid, val, neg, cts, exp, sig"

NARROW = 10_000
"""Labels under a prefix up to which they are found by subject and put in order.

Under a wider one the log is read from the cursor on: what is looked for is then everywhere.
"""


@dataclass(frozen=True, slots=True)
class Event:
    """A moderation event: who did what to which subject, and why; ``at`` in µs since the epoch."""

    at: int
    actor: str
    action: str
    subject: str
    cid: str | None = None
    reason: str | None = None
    notes: str | None = None


def add_event(conn: apsw.Connection, event: Event) -> int:
    """Keep a moderation event; returns its number."""
    conn.execute(
        "INSERT INTO events (at, actor, action, subject, cid, reason, notes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            event.at,
            event.actor,
            event.action,
            event.subject,
            event.cid,
            event.reason,
            event.notes,
        ),
    )
    return conn.last_insert_rowid()


def key_number(conn: apsw.Connection, did_key: str, now_micros: int) -> int:
    """The number of a public key, given to it when it is first used."""
    conn.execute(
        "INSERT INTO keys (did_key, since) VALUES (?, ?) ON CONFLICT (did_key) DO NOTHING",
        (did_key, now_micros),
    )
    return int(conn.execute("SELECT id FROM keys WHERE did_key = ?", (did_key,)).get)


def add_label(conn: apsw.Connection, label: Label, event: int, key: int, now_micros: int) -> int:
    """Keep a signed label of that event, signed with the key of that number; returns its seq."""
    seq = int(
        conn.execute("UPDATE head SET last = max(last + 1, ?) RETURNING last", (now_micros,)).get
    )
    conn.execute(
        "INSERT INTO labels (seq, event, src, uri, cid, val, neg, cts, exp, sig, key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            seq,
            event,
            label.src,
            label.uri,
            label.cid,
            label.val,
            int(label.negates),
            label.cts,
            label.exp,
            label.sig,
            key,
        ),
    )
    return seq


def newest_time(conn: apsw.Connection, src: Did, uri: str, val: str) -> Datetime | None:
    """The ``cts`` of the newest label of that source, subject and name."""
    found = conn.execute(
        "SELECT cts FROM labels WHERE src = ? AND uri = ? AND val = ? ORDER BY seq DESC LIMIT 1",
        (src, uri, val),
    ).get
    return None if found is None else Datetime(found)


def source(conn: apsw.Connection) -> Did | None:
    """Whose labels these are; a store holds those of one labeler. None while there are none."""
    found = conn.execute("SELECT src FROM labels ORDER BY seq DESC LIMIT 1").get
    return None if found is None else Did(found)


def last_seq(conn: apsw.Connection) -> int:
    """The highest sequence number ever given; 0 when there was none."""
    return int(conn.execute("SELECT last FROM head").get)


def first_seq(conn: apsw.Connection) -> int:
    """From this number on every label is still here."""
    return int(conn.execute("SELECT trimmed + 1 FROM head").get)


def names(conn: apsw.Connection) -> list[str]:
    """Every name that was ever given or taken back."""
    return [str(val) for (val,) in conn.execute("SELECT DISTINCT val FROM labels ORDER BY val")]


def count(conn: apsw.Connection) -> int:
    """How many labels there are, negations and expired ones included."""
    return int(conn.execute("SELECT count(*) FROM labels").get)


def after(conn: apsw.Connection, seq: int, limit: int) -> list[tuple[int, Label]]:
    """At most ``limit`` labels after ``seq``, in the order in which they were given."""
    rows = conn.execute(
        f"SELECT {_LABEL} FROM labels WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608 - constant
        (seq, limit),
    )
    return list(_labels(rows))


def signed_with(conn: apsw.Connection, key: int, limit: int) -> list[tuple[int, Label]]:
    """The first labels, at most ``limit``, that the key of that number has signed."""
    rows = conn.execute(
        f"SELECT {_LABEL} FROM labels WHERE key = ? ORDER BY seq LIMIT ?",  # noqa: S608 - constant
        (key, limit),
    )
    return list(_labels(rows))


def newest(conn: apsw.Connection, uri: str | None = None) -> Iterator[tuple[int, Label]]:
    """The newest label of each subject and name, of one subject or of all, by seq."""
    where, given = ("WHERE uri = ?", (uri,)) if uri is not None else ("", ())
    rows = conn.execute(
        f"SELECT {_LABEL} FROM labels WHERE seq IN"  # noqa: S608 - constants
        f" (SELECT max(seq) FROM labels {where} GROUP BY src, uri, val) ORDER BY seq",
        given,
    )
    return _labels(rows)


def query(
    conn: apsw.Connection,
    patterns: Sequence[str],
    sources: Sequence[str],
    limit: int,
    cursor: int,
) -> list[tuple[int, Label]]:
    """At most ``limit`` labels after ``cursor`` whose subject fits one of ``patterns``, by seq.

    A pattern is a whole URI, or the beginning of some with a ``*`` after it. Without ``sources``
    any source will do.
    """
    if sources and source(conn) not in sources:
        return []
    if "*" in patterns:
        return after(conn, cursor, limit)
    found: dict[int, Label] = {}
    for pattern in dict.fromkeys(patterns):
        found.update(_labels(_matches(conn, pattern, cursor, limit)))
    return sorted(found.items())[:limit]


def _matches(conn: apsw.Connection, pattern: str, cursor: int, limit: int) -> apsw.Cursor:
    select = f"SELECT {_LABEL} FROM labels"  # noqa: S608 - constant
    if not pattern.endswith("*"):
        where = "WHERE uri = ? AND seq > ? ORDER BY seq LIMIT ?"
        return conn.execute(f"{select} INDEXED BY labels_by_uri {where}", (pattern, cursor, limit))
    first, end = pattern[:-1], _after_all(pattern[:-1])
    narrow = "FROM labels INDEXED BY labels_by_uri WHERE uri >= ? AND uri < ?"
    counted = f"SELECT count(*) FROM (SELECT 1 {narrow} LIMIT ?)"  # noqa: S608 - constants
    if conn.execute(counted, (first, end, NARROW + 1)).get > NARROW:
        where = "WHERE seq > ? AND uri >= ? AND uri < ? ORDER BY seq LIMIT ?"
        return conn.execute(f"{select} NOT INDEXED {where}", (cursor, first, end, limit))
    where = f"WHERE seq IN (SELECT seq {narrow} AND seq > ? ORDER BY seq LIMIT ?) ORDER BY seq"
    return conn.execute(f"{select} {where}", (first, end, cursor, limit))


def _after_all(prefix: str) -> str:
    """What is greater than every URI that begins with ``prefix``, byte by byte."""
    return prefix + "\U0010ffff"


def _labels(rows: apsw.Cursor) -> Iterator[tuple[int, Label]]:
    for seq, src, uri, cid, val, neg, cts, exp, sig in rows:
        yield (
            seq,
            Label(
                src=Did(src),
                uri=uri,
                val=val,
                cts=Datetime(cts),
                cid=cid,
                neg=True if neg else None,
                exp=None if exp is None else Datetime(exp),
                sig=sig,
            ),
        )
