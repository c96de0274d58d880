"""Labels: of each source, subject and name the newest, in the transaction that moves the cursor.

The newest is that with the latest cts, and of two with the same that which came later. A cts that
claims the future is not believed: such a label is the newest when it comes, and older than whatever
comes after it, so that nobody can lock a label in place.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from atp.cid import Cid
from atp.errors import CidError, InvalidIdentifier
from atp.label import Label
from atp.syntax import AtUri, Did

TAKEDOWN = "!takedown"
"""What this service's own labeler says of what the operator takes down."""

AHEAD = 60_000_000
"""Microseconds by which a labeler's clock may be ahead of ours."""

_PUT = (
    "INSERT INTO labels (labeler, uri, val, cid, neg, cts, exp, sig, counts_at, expires_at,"
    " version, actor, record) VALUES ((SELECT id FROM labelers WHERE did = ?1),"
    " ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, (SELECT id FROM actors WHERE did = ?2),"
    " (SELECT r.id FROM actors a CROSS JOIN collections c CROSS JOIN records r"
    "  ON r.actor = a.id AND r.collection = c.id AND r.rkey = ?14"
    "  WHERE a.did = ?12 AND c.nsid = ?13))"
    " ON CONFLICT (labeler, uri, val) DO UPDATE SET cid = excluded.cid, neg = excluded.neg,"
    " cts = excluded.cts, exp = excluded.exp, sig = excluded.sig, counts_at = excluded.counts_at,"
    " expires_at = excluded.expires_at, version = excluded.version"
    " WHERE excluded.counts_at = 0 OR excluded.counts_at >= counts_at RETURNING 1"
)


def configure(conn: apsw.Connection, dids: Iterable[Did], own: Did | None = None) -> None:
    """Make these the labelers whose labels are taken; a new one is read from its beginning.

    ``own`` is that of them which is this service's.
    """
    conn.execute("UPDATE labelers SET configured = 0, own = 0")
    conn.executemany(
        "INSERT INTO labelers (did, own) VALUES (?1, ?2)"
        " ON CONFLICT (did) DO UPDATE SET configured = 1, own = ?2",
        [(did, did == own) for did in dids],
    )


def cursor(conn: apsw.Connection, labeler: Did) -> int:
    """The sequence number of the labeler's last message that is stored; 0 before the first."""
    return int(conn.execute("SELECT cursor FROM labelers WHERE did = ?", (labeler,)).get)


def move(conn: apsw.Connection, labeler: Did, seq: int) -> None:
    """Move the labeler's cursor, back too."""
    conn.execute("UPDATE labelers SET cursor = ? WHERE did = ?", (seq, labeler))


def put(conn: apsw.Connection, label: Label, now: int) -> bool:
    """Store a verified label of a known labeler; False where a newer one was there."""
    made = label.cts.micros()
    stored = conn.execute(
        _PUT,
        (
            label.src,
            label.uri,
            label.val,
            label.cid,
            label.neg,
            label.cts,
            label.exp,
            label.sig,
            0 if made > now + AHEAD else max(made, 1),
            None if label.exp is None else label.exp.micros(),
            None if label.cid is None else _version(label.cid),
            *_path(label.uri),
        ),
    ).fetchall()
    return bool(stored)


def enforce(conn: apsw.Connection, did: Did) -> None:
    """Store with an account whether it is taken down, as the labels have it."""
    conn.execute(
        "UPDATE actors SET takedown = (SELECT ?2 FROM takedowns WHERE uri = ?1) WHERE did = ?1",
        (did, TAKEDOWN),
    )


def unenforced(conn: apsw.Connection) -> list[Did]:
    """The accounts that are taken down or not against what the labels have."""
    # The first condition is that of the index over hidden accounts, and follows from the second.
    found = conn.execute(
        "SELECT did FROM actors WHERE (NOT upstream_active OR takedown IS NOT NULL)"
        " AND takedown IS NOT NULL AND did NOT IN (SELECT uri FROM takedowns)"
        " UNION ALL SELECT a.did FROM takedowns t CROSS JOIN actors a ON a.did = t.uri"
        " WHERE a.takedown IS NULL"
    )
    return [Did(did) for (did,) in found]


def _version(cid: str) -> bytes:
    """The CID as records have theirs; of another kind than theirs, what none of them has."""
    try:
        return Cid.parse(cid)
    except CidError:
        return b""


def _path(uri: str) -> tuple[str | None, str | None, str | None]:
    """DID, collection and key, where the URI is that of a record by DID."""
    try:
        of = AtUri.parse(uri)
    except InvalidIdentifier:
        return None, None, None
    return of.authority, of.collection, of.rkey
