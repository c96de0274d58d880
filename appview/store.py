"""Every read of the index: SQL in, frozen rows out.

Functions that look for something give ids or places; functions that load take ids, many at once,
so the number of statements never depends on how much a page holds. The former leave out hidden
accounts, so that pages are full; whether a loaded row may be shown is for `appview.rules`. CROSS
JOIN fixes the order of a join: walk the page's index, look the rest up by key.

Reads are keyed or bounded by a page, take microseconds, and run on the event loop's own thread.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from appview.cursor import Place
from appview.snapshot import Snapshot
from appview.standing import (
    Account,
    Answered,
    Check,
    Gap,
    Origin,
    Proof,
    Repo,
    Standing,
    Told,
)
from appview.state import Actor, Record, Track
from appview.store_listed import listed
from atp import cbor
from atp.cid import Cid
from atp.syntax import AtUri, Did, Handle, Nsid
from atp.tid import Tid
from lexicons.names import Names

_ACCOUNT = (
    "a.active, iif(a.takedown IS NULL, a.upstream_status, 'takendown'), a.takedown IS NOT NULL,"
    " s.told_active, s.told_status, s.told_at, s.told_by,"
    " s.answer, s.answer_status, s.answered_at, s.answered_by"
)
"""What `_account` reads of the account ``a`` and its ``statuses`` ``s``.

Its own status: this operator's takedown stands before the rest.
"""
_ACCOUNT_COLUMNS = 11
_LISTED = listed("t.record", "t.actor", "?4")


@dataclass(frozen=True, slots=True)
class FoundActor:
    """An account that is shown: active, and with a record of ours."""

    id: int
    did: Did


@dataclass(frozen=True, slots=True)
class Stats:
    """Totals over active accounts."""

    tracks: int
    artists: int
    likes: int
    comments: int
    lists: int
    accounts: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Source:
    """An upstream stream as the indexer last described it; times in µs."""

    url: str
    connected: bool
    lag: int
    heartbeat_at: int | None
    blind_since: int | None


class Store:
    """The index behind one read-only connection, for the thread that opened it."""

    def __init__(self, conn: apsw.Connection, names: Names) -> None:
        self._conn = conn
        self._snapshot = Snapshot(conn)
        self.names = names

    def close(self) -> None:
        """Close the connection."""
        self._snapshot.end()
        self._conn.close()

    def snapshot(self) -> Snapshot:
        """One state of the index for all reads inside, with its number."""
        return self._snapshot

    def read(self, sql: str, values: tuple[object, ...] = ()) -> apsw.Cursor:
        """The rows of a statement of one of the sibling modules ``appview.store_*``."""
        return self._conn.execute(sql, values)

    def resolve(self, handles: Collection[Handle]) -> dict[Handle, Did]:
        """The active accounts that hold these handles, verified; the latest to verify wins."""
        rows = self._conn.execute(
            "SELECT handle, did FROM actors WHERE handle IN (SELECT value FROM json_each(?))"
            " AND handle <> ? AND active ORDER BY handle_due",
            (json.dumps(list(handles)), Handle.INVALID),
        )
        return {Handle(handle): Did(did) for handle, did in rows}

    def find_actor(self, did: Did) -> FoundActor | None:
        """The account of this DID, when it is shown."""
        key = self._conn.execute(
            "SELECT id FROM actors WHERE did = ? AND active AND records > 0", (did,)
        ).get
        return None if key is None else FoundActor(key, did)

    def find_tracks(self, uris: Sequence[AtUri]) -> dict[AtUri, int]:
        """The ids of those of these URIs that are shown tracks."""
        return self._find(uris, self.names.track)

    def find_lists(self, uris: Sequence[AtUri]) -> dict[AtUri, int]:
        """The ids of those of these URIs that are shown lists."""
        return self._find(uris, self.names.list)

    def _find(self, uris: Sequence[AtUri], collection: Nsid) -> dict[AtUri, int]:
        wanted = [uri for uri in uris if uri.collection == collection]
        rows = self._conn.execute(
            "SELECT j.key, r.id FROM json_each(?) j"
            " CROSS JOIN actors a ON a.did = j.value ->> 0 AND a.active"
            " CROSS JOIN records r ON r.actor = a.id AND r.rkey = j.value ->> 1"
            " AND r.collection = (SELECT id FROM collections WHERE nsid = ?)"
            " AND r.state = 'valid'",
            (json.dumps([(uri.authority, uri.rkey) for uri in wanted]), collection),
        )
        return {wanted[place]: key for place, key in rows}

    def latest_tracks(self, after: Place, limit: int, policy: str) -> list[Place]:
        """Tracks of all accounts, newest first; ``policy`` says which (`appview.labels`)."""
        return self._places(
            "SELECT t.sort_at, t.record FROM tracks t CROSS JOIN actors a ON a.id = t.actor"  # noqa: S608
            f" WHERE (t.sort_at, t.record) < (?1, ?2) AND a.active AND {_LISTED}"
            " ORDER BY t.sort_at DESC, t.record DESC LIMIT ?3",
            (after.key, after.id, limit, policy),
        )

    def actor_tracks(self, actor: int, after: Place, limit: int, policy: str) -> list[Place]:
        """One account's tracks, newest first."""
        return self._places(
            "SELECT t.sort_at, t.record FROM tracks t"  # noqa: S608
            f" WHERE t.actor = ?5 AND (t.sort_at, t.record) < (?1, ?2) AND {_LISTED}"
            " ORDER BY t.sort_at DESC, t.record DESC LIMIT ?3",
            (after.key, after.id, limit, policy, actor),
        )

    def track_likes(self, track: int, after: Place, limit: int) -> list[Place]:
        """Likes of a track, newest first; of an account's several, the one that came first."""
        return self._places(
            "SELECT l.sort_at, l.record FROM likes l CROSS JOIN actors a ON a.id = l.actor"
            " WHERE l.subject = ? AND (l.sort_at, l.record) < (?, ?) AND a.active"
            " AND NOT EXISTS (SELECT 1 FROM likes o WHERE o.actor = l.actor"
            "  AND o.subject = l.subject AND o.record < l.record)"
            " ORDER BY l.sort_at DESC, l.record DESC LIMIT ?",
            (track, after.key, after.id, limit),
        )

    def comments_by_position(self, track: int, after: Place, limit: int) -> list[Place]:
        """Comments on a track, in the order of the moments they are about."""
        return self._places(
            "SELECT c.position_ms, c.record FROM comments c CROSS JOIN actors a ON a.id = c.actor"
            " WHERE c.subject = ? AND (c.position_ms, c.record) > (?, ?) AND a.active"
            " ORDER BY c.position_ms, c.record LIMIT ?",
            (track, after.key, after.id, limit),
        )

    def comments_by_time(self, track: int, after: Place, limit: int) -> list[Place]:
        """Comments on a track, newest first."""
        return self._places(
            "SELECT c.sort_at, c.record FROM comments c CROSS JOIN actors a ON a.id = c.actor"
            " WHERE c.subject = ? AND (c.sort_at, c.record) < (?, ?) AND a.active"
            " ORDER BY c.sort_at DESC, c.record DESC LIMIT ?",
            (track, after.key, after.id, limit),
        )

    def _places(self, sql: str, values: tuple[int | str, ...]) -> list[Place]:
        return [*map(Place._make, self._conn.execute(sql, values))]

    def list_length(self, key: int) -> int:
        """How many items a list names."""
        return int(self._conn.execute("SELECT items FROM lists WHERE record = ?", (key,)).get)

    def list_subjects(self, key: int, positions: range, policy: str) -> dict[int, int]:
        """The ids of what stands at these positions of a list, as far as it names records."""
        rows = self._conn.execute(
            "SELECT t.position, t.subject FROM list_items t"  # noqa: S608
            " CROSS JOIN records r ON r.id = t.subject"
            " WHERE t.list = ? AND t.position >= ? AND t.position < ?"
            f" AND {listed('t.subject', 'r.actor', '?4')}",
            (key, positions.start, positions.stop, policy),
        )
        return dict(rows)

    def tracks(self, keys: Collection[int]) -> dict[int, Track | None]:
        """Tracks with their counters."""
        rows = self._conn.execute(
            "SELECT r.id, a.did, r.rkey, r.cid, r.value, r.first_seen, t.sort_at,"
            " coalesce(n.likes, 0), coalesce(n.comments, 0), coalesce(n.lists, 0)"
            " FROM json_each(?) j CROSS JOIN tracks t ON t.record = j.value"
            " CROSS JOIN records r ON r.id = t.record CROSS JOIN actors a ON a.id = t.actor"
            " LEFT JOIN counters n ON n.record = t.record",
            (json.dumps(list(keys)),),
        )
        loaded: dict[int, Track | None] = dict.fromkeys(keys)
        for key, did, rkey, cid, value, *numbers in rows:
            uri = AtUri.of(did, self.names.track, rkey)
            loaded[key] = Track(uri, Cid(cid), Did(did), cbor.decode_map(value), *numbers)
        return loaded

    def records(self, keys: Collection[int]) -> dict[int, Record | None]:
        """Valid records of any collection."""
        rows = self._conn.execute(
            "SELECT r.id, a.did, c.nsid, r.rkey, r.cid, r.value, r.first_seen"
            " FROM json_each(?) j CROSS JOIN records r ON r.id = j.value AND r.state = 'valid'"
            " CROSS JOIN actors a ON a.id = r.actor"
            " CROSS JOIN collections c ON c.id = r.collection",
            (json.dumps(list(keys)),),
        )
        loaded: dict[int, Record | None] = dict.fromkeys(keys)
        for key, did, nsid, rkey, cid, value, first_seen in rows:
            uri = AtUri.of(did, nsid, rkey)
            loaded[key] = Record(uri, Cid(cid), Did(did), cbor.decode_map(value), first_seen)
        return loaded

    def actors(self, dids: Collection[Did]) -> dict[Did, Actor | None]:
        """Accounts with what their profiles say and how much they hold."""
        rows = self._conn.execute(
            "SELECT a.did, coalesce(a.handle, ?), a.active, b.display_name, p.avatar,"
            " b.avatar_cid, p.bio,"
            " a.tracks, a.likes, a.comments, a.lists"
            " FROM json_each(?) j CROSS JOIN actors a ON a.did = j.value"
            " LEFT JOIN profiles p ON p.actor = a.id LEFT JOIN bsky_profiles b ON b.actor = a.id",
            (Handle.INVALID, json.dumps(list(dids))),
        )
        loaded: dict[Did, Actor | None] = dict.fromkeys(dids)
        for did, handle, active, name, avatar, blob, *rest in rows:
            own = (Did(did), Handle(handle), bool(active), name, avatar)
            loaded[Did(did)] = Actor(*own, blob and Cid.parse(blob), *rest)
        return loaded

    def repo(self, did: Did) -> Repo | None:
        """The account's repo, when it is followed; hidden or not."""
        row = self._conn.execute(
            f"SELECT {_ACCOUNT}, r.rev, r.data,"  # noqa: S608
            " r.checked_at, r.pds_rev, r.pds_cid, r.pds_data, r.check_failure,"
            " r.gap_at, r.gap_reason, r.gap_rev, r.state, r.reason, r.changed_at, a.pds, r.due_at,"
            " r.attempts, r.failure, r.detail, r.resyncs, r.resynced_at"
            " FROM actors a JOIN repos r ON r.actor = a.id"
            " LEFT JOIN statuses s ON s.actor = a.id WHERE a.did = ?",
            (did,),
        ).fetchone()
        if row is None:
            return None
        rev, data, at, its_rev, commit, its_data, failure, *rest = row[_ACCOUNT_COLUMNS:]
        gap_at, gap_reason, gap_rev, *rest = rest
        return Repo(
            _account(row),
            rev and Tid(rev),
            data and Cid(data),
            Check(
                at,
                its_rev and Tid(its_rev),
                commit and Cid(commit),
                its_data and Cid(its_data),
                failure,
            ),
            None if gap_at is None else Gap(gap_at, gap_reason, gap_rev and Tid(gap_rev)),
            *rest,
        )

    def knows(self, did: Did) -> bool:
        """Whether an account was ever named here."""
        return self._conn.execute("SELECT 1 FROM actors WHERE did = ?", (did,)).get is not None

    def standing(self, uri: AtUri) -> Standing | None:
        """How a URI by DID stands, when we have ever heard of it; its account hidden or not."""
        row = self._conn.execute(
            f"SELECT {_ACCOUNT}, o.name, o.repair, r.state, r.rev, r.cid, r.first_seen,"  # noqa: S608
            " coalesce(r.problems, '[]'),"
            " coalesce(n.likes, 0), coalesce(n.comments, 0), coalesce(n.lists, 0)"
            " FROM actors a CROSS JOIN collections c CROSS JOIN records r ON r.actor = a.id"
            " AND r.collection = c.id AND r.rkey = ?3"
            " LEFT JOIN counters n ON n.record = r.id LEFT JOIN statuses s ON s.actor = a.id"
            " LEFT JOIN origins o ON o.id = r.origin WHERE a.did = ?1 AND c.nsid = ?2",
            (uri.authority, uri.collection, uri.rkey),
        ).fetchone()
        if row is None:
            return None
        url, repair, state, rev, cid, first_seen, problems, *rest = row[_ACCOUNT_COLUMNS:]
        return Standing(
            _account(row),
            None if url is None else Origin(url, bool(repair)),
            state,
            rev and Tid(rev),
            cid and Cid(cid),
            first_seen,
            json.loads(problems),
            *rest,
        )

    def proof(self, uri: AtUri) -> Proof | None:
        """What was kept to prove a live record, named by DID; its account hidden or not."""
        row = self._conn.execute(
            "SELECT r.id, r.cid, r.value FROM actors a CROSS JOIN collections c"
            " CROSS JOIN records r ON r.actor = a.id AND r.collection = c.id AND r.rkey = ?3"
            " WHERE a.did = ?1 AND c.nsid = ?2 AND r.value IS NOT NULL",
            (uri.authority, uri.collection, uri.rkey),
        ).fetchone()
        if row is None:
            return None
        record, cid, value = row
        kept = [
            (Cid(name), block)
            for name, block in self._conn.execute(
                "SELECT b.cid, b.block FROM proof_blocks p JOIN blocks b ON b.id = p.block"
                " WHERE p.record = ? ORDER BY p.position",
                (record,),
            )
        ]
        return Proof(kept[0][0], (*kept, (Cid(cid), value))) if kept else None

    def stats(self) -> Stats:
        """Totals over active accounts."""
        (totals,) = self._conn.execute(
            "SELECT coalesce(sum(tracks), 0), count(*) FILTER (WHERE tracks > 0),"
            " coalesce(sum(likes), 0), coalesce(sum(comments), 0), coalesce(sum(lists), 0),"
            " count(*) FILTER (WHERE records > 0), coalesce(sum(seconds), 0)"
            " FROM actors WHERE active"
        )
        return Stats(*totals)

    def sources(self) -> list[Source]:
        """The streams that the indexer reads."""
        rows = self._conn.execute(
            "SELECT url, connected, lag, heartbeat_at, blind_since FROM sources"
            " WHERE configured ORDER BY url"
        )
        return [Source(url, bool(connected), *rest) for url, connected, *rest in rows]

    def writer_heartbeat(self) -> int:
        """When the indexer last showed life, µs."""
        return int(self._conn.execute("SELECT at FROM heartbeat").get)


def _account(row: Sequence[Any]) -> Account:
    """The account that `_ACCOUNT` selected."""
    active, status, taken_down, told, *rest = row[:_ACCOUNT_COLUMNS]
    told_status, told_at, told_by, answer, answer_status, answered_at, answered_by = rest
    return Account(
        bool(active),
        status,
        bool(taken_down),
        None if told is None else Told(bool(told), told_status, told_at, told_by),
        None if answer is None else Answered(answer, answer_status, answered_at, answered_by),
    )
