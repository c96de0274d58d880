"""Which files of an account its records refer to: those that the AppView may serve."""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from atp.data import BlobRef
from indexer.records.row import Row

MAX_BLOBS = 8
"""Files of one record that are remembered; a track has a sound and a picture."""

MAX_TYPE = 127
"""Characters of a MIME type; a longer one is not one."""


def put(conn: apsw.Connection, row: Row, blobs: Iterable[BlobRef]) -> None:
    """Remember the files of a record; of one that is named twice, the first claim counts."""
    named: dict[bytes, BlobRef] = {}
    for blob in blobs:
        if len(named) < MAX_BLOBS and len(blob.mime_type) <= MAX_TYPE:
            named.setdefault(blob.cid, blob)
    conn.executemany(
        "INSERT INTO blobs (actor, cid, record, mime_type, size) VALUES (?, ?, ?, ?, ?)",
        [(row.actor, blob.cid, row.record, blob.mime_type, blob.size) for blob in named.values()],
    )


def drop(conn: apsw.Connection, row: Row) -> None:
    """Forget the files of a record."""
    conn.execute("DELETE FROM blobs WHERE record = ?", (row.record,))


def purge(conn: apsw.Connection, actor: int) -> None:
    """Forget all files of an account."""
    conn.execute(
        "DELETE FROM blobs WHERE record IN (SELECT id FROM records WHERE actor = ?)", (actor,)
    )
