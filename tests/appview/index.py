"""An index filled row by row, as the indexer would leave it, with counters from a plain recount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from atp import cbor, data
from atp.cid import Cid
from atp.label import Label, self_labels
from atp.runtime import sqlite
from atp.syntax import AtUri, Datetime, Did, Nsid, RecordKey
from atp.tid import Tid
from indexer import schema
from indexer.schema import Kind
from indexer.store import labels, search
from lexicons.names import FOREIGN_PROFILE, Names
from lexicons.slug import slug

NAMES = Names()
START = Datetime("2026-01-01T00:00:00.000Z").micros()
MINUTE = 60_000_000
LABELER = Did("did:web:labeler.test")


@dataclass
class Index:
    """The writer's side of a test. Each record is first seen a minute after the one before."""

    path: Path
    conn: apsw.Connection = field(init=False)
    clock: int = START

    def __post_init__(self) -> None:
        self.conn = sqlite.connect(self.path)
        sqlite.migrate(self.conn, schema.migrations())
        self.conn.execute("UPDATE projection SET number = ?", (schema.PROJECTION,))
        for nsid in (*NAMES.collections, FOREIGN_PROFILE):
            self.conn.execute("INSERT INTO collections (nsid) VALUES (?)", (nsid,))

    def actor(self, name: str, handle: str | None = None) -> Did:
        """An account ``did:web:<name>.test`` whose verified handle is ``<name>.test``."""
        did = Did.parse(f"did:web:{name}.test")
        self.conn.execute(
            "INSERT INTO actors (did, handle, handle_due) VALUES (?, ?, ?)"
            " ON CONFLICT (did) DO UPDATE SET handle = excluded.handle",
            (did, handle or f"{name}.test", self.clock),
        )
        self._index_words(did)
        return did

    def status(self, did: Did, *, active: bool) -> None:
        """Hide an account, or show it again."""
        self.conn.execute("UPDATE actors SET upstream_active = ? WHERE did = ?", (active, did))
        self._recount()

    def track(self, did: Did, title: str = "A Song", **more: Any) -> AtUri:
        """A track; keyword arguments are fields of the record."""
        record = {"title": title, "artist": "An Artist", "fileType": "mp3", **more}
        return self.write(did, NAMES.track, record)

    def like(self, did: Did, subject: AtUri, **more: Any) -> AtUri:
        """A like."""
        return self.write(did, NAMES.like, {"subject": self._strong(subject), **more})

    def comment(
        self, did: Did, subject: AtUri, at_ms: int = 0, text: str = "oh", **more: Any
    ) -> AtUri:
        """A comment on the moment ``at_ms``."""
        fields = {"subject": self._strong(subject), "timestampMs": at_ms, "text": text, **more}
        return self.write(did, NAMES.comment, fields)

    def list_(self, did: Did, items: Sequence[AtUri], **more: Any) -> AtUri:
        """A list of these subjects."""
        lines = [{"subject": self._strong(uri)} for uri in items]
        return self.write(did, NAMES.list, {"items": lines, **more})

    def profile(self, did: Did, **fields: Any) -> AtUri:
        """The account's own profile."""
        return self.write(did, NAMES.profile, fields, rkey="self")

    def bsky_profile(self, did: Did, **fields: Any) -> AtUri:
        """The account's Bluesky profile."""
        return self.write(did, FOREIGN_PROFILE, fields, rkey="self")

    def write(
        self, did: Did, nsid: Nsid, fields: Mapping[str, Any], rkey: str | None = None
    ) -> AtUri:
        """A valid record; ``createdAt`` is when it is first seen unless the fields say otherwise."""
        self.clock += MINUTE
        record = {"$type": str(nsid), "createdAt": Datetime.from_micros(self.clock), **fields}
        value = cbor.encode(data.from_json(record))
        rkey = rkey or Tid.from_micros(self.clock, 0)
        uri = AtUri.of(did, nsid, RecordKey(rkey))
        key = self._record(uri)
        self.conn.execute(
            "UPDATE records SET state = 'valid', rev = ?, cid = ?, value = ?, first_seen = ?"
            " WHERE id = ?",
            (rkey, Cid.for_cbor(value), value, self.clock, key),
        )
        created = Datetime.parse(record["createdAt"]).micros()
        self._project(key, uri, record, min(created, self.clock))
        self._recount()
        return uri

    def delete(self, uri: AtUri) -> None:
        """Leave a record's tombstone."""
        key = self._record(uri)
        self.conn.execute("DELETE FROM list_items WHERE list = ?", (key,))
        for table in (
            "self_labels",
            "notifications",
            "tracks",
            "likes",
            "comments",
            "lists",
            "profiles",
            "bsky_profiles",
            "blobs",
        ):
            self.conn.execute(f"DELETE FROM {table} WHERE record = ?", (key,))
        self.conn.execute(
            "UPDATE records SET state = 'deleted', cid = NULL, value = NULL WHERE id = ?", (key,)
        )
        for kind in (Kind.TRACK, Kind.LIST):
            search.drop(self.conn, kind, key)
        self._index_words(uri.authority)
        self._recount()

    def label(self, uri: str, val: str, src: Did = LABELER, **fields: Any) -> Label:
        """A label of a labeler that is followed; each is issued a second after the last."""
        self.clock += 1_000_000
        self.conn.execute("INSERT INTO labelers (did) VALUES (?) ON CONFLICT DO NOTHING", (src,))
        given = {"cts": Datetime.from_micros(self.clock), "sig": bytes(64), **fields}
        label = Label(src=src, uri=uri, val=val, **given)
        labels.put(self.conn, label, self.clock)
        return label

    def own(self, labeler: Did) -> None:
        """Make a labeler that of this service itself."""
        self.conn.execute(
            "INSERT INTO labelers (did, own) VALUES (?, 1) ON CONFLICT (did) DO UPDATE SET own = 1",
            (labeler,),
        )

    def follow(self, viewer: Did, *subjects: Did, read: bool = True) -> None:
        """Whom a viewer follows; ``read`` is whether that is known to be all."""
        self.conn.execute(
            "INSERT INTO viewers (did, asked_at, read_at) VALUES (?1, ?2, ?3)"
            " ON CONFLICT DO UPDATE SET read_at = ?3",
            (viewer, self.clock, self.clock if read else None),
        )
        for subject in subjects:
            self.clock += MINUTE
            rkey = Tid.from_micros(self.clock, 0)
            self.conn.execute(
                "INSERT INTO follows (viewer, rkey, subject, rev)"
                " SELECT id, ?2, ?3, ?2 FROM viewers WHERE did = ?1",
                (viewer, rkey, subject),
            )

    def source(
        self,
        url: str,
        heartbeat_at: int | None,
        *,
        connected: bool,
        lag: int,
        blind_since: int | None = None,
    ) -> None:
        """What the indexer last wrote about a source."""
        self.conn.execute(
            "INSERT INTO sources (url, connected, lag, heartbeat_at, blind_since)"
            " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE"
            " SET connected = ?2, lag = ?3, heartbeat_at = ?4, blind_since = ?5",
            (url, connected, lag, heartbeat_at, blind_since),
        )

    def beat(self, now: int) -> None:
        """The indexer's own heartbeat."""
        self.conn.execute("UPDATE heartbeat SET at = ?", (now,))

    def _record(self, uri: AtUri) -> int:
        authority, nsid, rkey = uri.authority, uri.collection, uri.rkey
        self.conn.execute(
            "INSERT INTO actors (did) VALUES (?) ON CONFLICT DO NOTHING", (authority,)
        )
        self.conn.execute(
            "INSERT INTO collections (nsid) VALUES (?) ON CONFLICT DO NOTHING", (nsid,)
        )
        self.conn.execute(
            "INSERT INTO records (actor, collection, rkey, state)"
            " SELECT a.id, c.id, ?, 'unseen' FROM actors a, collections c"
            " WHERE a.did = ? AND c.nsid = ? ON CONFLICT DO NOTHING",
            (rkey, authority, nsid),
        )
        return int(
            self.conn.execute(
                "SELECT r.id FROM records r JOIN actors a ON a.id = r.actor"
                " JOIN collections c ON c.id = r.collection"
                " WHERE a.did = ? AND c.nsid = ? AND r.rkey = ?",
                (authority, nsid, rkey),
            ).get
        )

    def _strong(self, uri: AtUri) -> dict[str, str]:
        cid = self.conn.execute("SELECT cid FROM records WHERE id = ?", (self._record(uri),)).get
        return {"uri": uri, "cid": str(Cid(cid) if cid else Cid.for_cbor(uri.encode()))}

    def _project(self, key: int, uri: AtUri, record: Mapping[str, Any], sort_at: int) -> None:
        did, nsid = uri.authority, uri.collection
        actor = self.conn.execute("SELECT id FROM actors WHERE did = ?", (did,)).get
        row: dict[str, Any] = {"record": key, "actor": actor}
        if nsid in (NAMES.like, NAMES.comment):
            row["subject"] = self._record(AtUri(record["subject"]["uri"]))
            row["subject_cid"] = b""
        if nsid == NAMES.track:
            row |= {"title": record["title"], "artist": record["artist"]}
            row |= {"album": record.get("album"), "image": record.get("imageUrl")}
            row["album_slug"] = slug(record.get("album", "")) or None
            self._insert("tracks", **row, sort_at=sort_at, seconds=record.get("duration", 0))
            also = f"{record['artist']} {record.get('album', '')}"
            found_by = search.Subject(Kind.TRACK, key, actor, sort_at)
            search.put_record(self.conn, found_by, record["title"], also)
            for val in self_labels(record):
                self._insert("self_labels", record=key, val=val)
            for guest in record.get("features", ()):
                self._feature(key, guest["did"], sort_at)
        elif nsid == NAMES.like:
            self._insert("likes", **row, sort_at=sort_at)
        elif nsid == NAMES.comment:
            self._insert("comments", **row, sort_at=sort_at, position_ms=record["timestampMs"])
        elif nsid == NAMES.list:
            row |= {"name": record.get("name"), "list_type": record.get("listType")}
            if record.get("listType") == "album":
                row["album_slug"] = slug(record.get("name", "")) or uri.rkey
            self._insert("lists", **row, sort_at=sort_at, items=len(record["items"]))
            found_by = search.Subject(Kind.LIST, key, actor, sort_at)
            search.put_record(self.conn, found_by, record.get("name", ""))
            self._items(key, [AtUri(item["subject"]["uri"]) for item in record["items"]])
        elif nsid == NAMES.profile:
            self._insert("profiles", **row, bio=record.get("bio"), avatar=record.get("avatar"))
        else:
            avatar = record.get("avatar")
            cid = avatar and avatar["ref"]["$link"]
            name = record.get("displayName")
            self._insert("bsky_profiles", **row, display_name=name, avatar_cid=cid)
        self._index_words(did)
        for blob in data.blob_refs(data.from_json(dict(record))):
            row = {"cid": blob.cid, "actor": actor, "record": key}
            self._insert("blobs", **row, mime_type=blob.mime_type, size=blob.size)

    def _index_words(self, did: str) -> None:
        search.put_actor(
            self.conn, int(self.conn.execute("SELECT id FROM actors WHERE did = ?", (did,)).get)
        )

    def _items(self, key: int, subjects: Sequence[AtUri]) -> None:
        for position, uri in enumerate(subjects):
            if isinstance(uri.authority, Did):
                row = {"list": key, "position": position, "subject_cid": b""}
                self._insert("list_items", **row, subject=self._record(uri))

    def _feature(self, track: int, guest: str, sort_at: int) -> None:
        self.conn.execute("INSERT INTO actors (did) VALUES (?) ON CONFLICT DO NOTHING", (guest,))
        self.conn.execute(
            "INSERT INTO notifications SELECT g.id, ?2, ?1, 'feature', ?1 FROM actors g"
            " WHERE did = ?3",
            (track, sort_at, guest),
        )

    def _tell(self) -> None:
        self.conn.execute(
            "INSERT INTO list_adds SELECT DISTINCT i.list, i.subject, l.sort_at FROM list_items i"
            " JOIN lists l ON l.record = i.list WHERE true ON CONFLICT DO NOTHING"
        )
        self.conn.execute("DELETE FROM notifications WHERE kind <> 'feature'")
        self.conn.execute(
            "INSERT INTO notifications SELECT s.actor, l.sort_at, l.record, l.kind, s.id FROM ("
            "SELECT record, actor, subject, sort_at, 'like' AS kind FROM likes UNION ALL"
            " SELECT record, actor, subject, sort_at, 'comment' FROM comments UNION ALL"
            " SELECT l.record, l.actor, min(i.subject), d.at, 'list' FROM lists l"
            "  JOIN list_items i ON i.list = l.record JOIN records r ON r.id = i.subject"
            "  JOIN list_adds d ON d.list = i.list AND d.subject = i.subject"
            "  GROUP BY l.record, r.actor, d.at"
            ") l JOIN records s ON s.id = l.subject WHERE s.actor <> l.actor"
        )

    def _insert(self, table: str, **row: Any) -> None:
        names, blanks = ", ".join(row), ", ".join("?" * len(row))
        self.conn.execute(f"INSERT INTO {table} ({names}) VALUES ({blanks})", tuple(row.values()))

    def _recount(self) -> None:
        self._tell()
        self.conn.execute(
            "UPDATE actors SET"
            " records = (SELECT count(*) FROM records r JOIN collections c ON c.id = r.collection"
            "  WHERE r.actor = actors.id AND r.state = 'valid' AND c.nsid LIKE 'fm.plyr.%'),"
            " tracks = (SELECT count(*) FROM tracks t WHERE t.actor = actors.id),"
            " likes = (SELECT count(DISTINCT subject) FROM likes l WHERE l.actor = actors.id),"
            " comments = (SELECT count(*) FROM comments c WHERE c.actor = actors.id),"
            " lists = (SELECT count(*) FROM lists l WHERE l.actor = actors.id),"
            " seconds = (SELECT coalesce(sum(seconds), 0) FROM tracks t WHERE t.actor = actors.id)"
        )
        self.conn.execute("DELETE FROM counters")
        self.conn.execute(
            "INSERT INTO counters SELECT r.id,"
            " (SELECT count(DISTINCT l.actor) FROM likes l JOIN actors a ON a.id = l.actor"
            "  WHERE l.subject = r.id AND a.active),"
            " (SELECT count(*) FROM comments c JOIN actors a ON a.id = c.actor"
            "  WHERE c.subject = r.id AND a.active),"
            " (SELECT count(DISTINCT i.list) FROM list_items i JOIN lists l ON l.record = i.list"
            "  JOIN actors a ON a.id = l.actor WHERE i.subject = r.id AND a.active) FROM records r"
        )
        self.conn.execute(
            "UPDATE search_entries SET doc = (kind << 60) | (n.standing << 52) | key"
            f" FROM counters n WHERE n.record = key AND kind <> {Kind.ACTOR}"
        )
