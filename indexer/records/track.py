"""Tracks."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from atp.cbor import Value
from atp.data import BlobRef, blob_refs
from atp.label import self_labels
from indexer.records import blobs, counters
from indexer.records.row import Row, ints, text, whole
from indexer.schema import Kind
from indexer.store import notifications, search
from lexicons.features import features
from lexicons.slug import slug

MAX_SECONDS = 10_000_000  # a claim beyond 115 days counts as this much, so that sums stay sums


def index(conn: apsw.Connection, row: Row, value: Mapping[str, Value]) -> bool:
    """Write a track's row."""
    seconds = min(whole(value, "duration"), MAX_SECONDS)
    conn.execute(
        "INSERT INTO tracks"
        " (record, actor, sort_at, title, artist, album, album_slug, image, seconds)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.record,
            row.actor,
            row.sort_at,
            text(value, "title"),
            text(value, "artist"),
            text(value, "album"),
            slug(text(value, "album") or "") or None,
            text(value, "imageUrl"),
            seconds,
        ),
    )
    conn.executemany(
        "INSERT INTO self_labels (record, val) VALUES (?, ?)",
        [(row.record, name) for name in self_labels(value)],
    )
    counters.hold(conn, row.actor, "tracks", 1)
    counters.hold(conn, row.actor, "seconds", seconds)
    guests = features(value.get("features"))
    notifications.tell_featured(conn, row.record, row.actor, row.sort_at, guests)
    blobs.put(conn, row, _files(value))
    also = f"{text(value, 'artist')} {text(value, 'album') or ''}"
    subject = search.Subject(Kind.TRACK, row.record, row.actor, row.sort_at)
    search.put_record(conn, subject, text(value, "title") or "", also)
    return True


def unindex(conn: apsw.Connection, row: Row) -> None:
    """Take a track's row away."""
    conn.execute("DELETE FROM self_labels WHERE record = ?", (row.record,))
    notifications.take_back(conn, row.record)
    blobs.drop(conn, row)
    for seconds in ints(conn, "DELETE FROM tracks WHERE record = ? RETURNING seconds", row.record):
        counters.hold(conn, row.actor, "tracks", -1)
        counters.hold(conn, row.actor, "seconds", -seconds)
        search.drop(conn, Kind.TRACK, row.record)


def purge(conn: apsw.Connection, actor: int) -> None:
    """Delete all rows of an account whose counters are settled."""
    blobs.purge(conn, actor)
    search.purge(conn, Kind.TRACK, "tracks", actor)
    notifications.purge(conn, "tracks", actor)
    conn.execute(
        "DELETE FROM self_labels WHERE record IN (SELECT record FROM tracks WHERE actor = ?)",
        (actor,),
    )
    conn.execute("DELETE FROM tracks WHERE actor = ?", (actor,))


def _files(value: Mapping[str, Value]) -> list[BlobRef]:
    """The sound, and whatever pictures the record has."""
    pictures = [blob for blob in blob_refs(dict(value)) if blob.mime_type.startswith("image/")]
    return [*blob_refs(value.get("audioBlob")), *pictures]
