"""A large index, written straight into its tables: so many tracks, so many likes, for benchmarks.

Titles are made of words as frequent as those of a language (Zipf), some tracks and accounts are far
better known than others, and every row is what the indexer would have written, but for the proofs
and the log of events. The same seed gives the same rows.

``make`` takes minutes for a million of each; `kept` makes an index once and hands out its path.
"""

from __future__ import annotations

import os
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from random import Random

import apsw

from atp import cbor
from atp.cid import Cid
from atp.datetime import Datetime
from atp.runtime import sqlite
from atp.syntax import AtUri, Did, RecordKey
from atp.tid import Tid
from indexer import schema
from indexer.schema import Kind
from indexer.store import projection, search
from lexicons.fold import fold
from lexicons.names import FOREIGN_PROFILE, Names
from lexicons.slug import slug

TRACKS_PER_ARTIST = 20
LIKES_PER_LISTENER = 50
BEGIN = 1_600_000_000_000_000
STEP = 100_000_000
"""Microseconds since the epoch of the first record, and between two."""
VOCABULARY = 60_000
SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnprstvwyz" for vowel in "aeiou"]
ENDINGS = ("", "n", "r", "s", "t", "ng", "ck", "st", "ly", "er")
COMMON = re.findall(
    r"\w+",
    "the of and love night you in my to me a on i blue time sun heart dream light dance world day"
    " moon song rain fire home river city summer again never loud quiet",
)
"""The commonest words of all, commonest first."""
BATCH = 10_000


def kept(folder: Path, tracks: int, likes: int, seed: int = 1) -> Path:
    """The path of such an index in a folder of caches, made if it is not there."""
    path = folder / f"catalogue-{schema.version()}-{schema.PROJECTION}-{tracks}-{likes}-{seed}.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        make(part, tracks, likes, seed)
        part.rename(path)
    return path


def make(path: Path, tracks: int, likes: int, seed: int) -> None:
    """Write the index to a file that is not there yet."""
    conn = sqlite.connect(path)
    try:
        conn.pragma("synchronous", "OFF")
        conn.pragma("foreign_keys", "OFF")
        conn.pragma("cache_size", -512 * 1024)
        sqlite.migrate(conn, schema.migrations())
        conn.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        with sqlite.transaction(conn):
            _Catalogue(conn, tracks, likes, seed).write()
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        conn.pragma("journal_mode", "DELETE")
        conn.pragma("journal_mode", "WAL")
    finally:
        conn.close()


class Language:
    """Words, of which the first are used most."""

    def __init__(self, random: Random) -> None:
        self._random = random
        made: dict[str, None] = dict.fromkeys(COMMON)
        while len(made) < VOCABULARY:
            syllables = random.choices(SYLLABLES, k=random.choice((1, 2, 2, 3, 3, 4)))
            made["".join(syllables) + random.choice(ENDINGS)] = None
        self.words = list(made)
        self._weights = list(accumulate(1 / (rank + 2) for rank in range(len(made))))

    def phrase(self, low: int, high: int) -> str:
        """So many words, as in a title."""
        count = self._random.randint(low, high)
        return " ".join(self._random.choices(self.words, cum_weights=self._weights, k=count))


class _Catalogue:
    def __init__(self, conn: apsw.Connection, tracks: int, likes: int, seed: int) -> None:
        self._conn = conn
        self._random = Random(seed)  # noqa: S311 - the same rows each time are the point
        self._language = Language(self._random)
        self._names = Names()
        self._tracks, self._likes = tracks, likes
        self._artists = max(1, tracks // TRACKS_PER_ARTIST)
        self._listeners = max(1, likes // LIKES_PER_LISTENER)
        self._used: Counter[tuple[int, str]] = Counter()

    def write(self) -> None:
        """Every row."""
        nsids = [(nsid,) for nsid in (*self._names.collections, FOREIGN_PROFILE)]
        self._conn.executemany("INSERT INTO collections (nsid) VALUES (?)", nsids)
        self._insert("actors", "id, did, handle, handle_due", self._accounts())
        subjects = self._liked()
        counts = Counter(subject for _, subject in subjects)
        self._write_tracks(counts)
        self._write_likes(subjects)
        self._insert("counters", "record, likes", iter(sorted(counts.items())))
        self._sum_up()
        search.put_actors(self._conn)
        self._insert(
            "search_words",
            "kind, word, uses",
            ((kind, word, uses) for (kind, word), uses in sorted(self._used.items())),
        )
        self._conn.execute("INSERT INTO search_text (search_text) VALUES ('rebuild')")
        self._conn.execute(
            "INSERT INTO search_infixes (rowid, word)"
            " SELECT id, word FROM search_words WHERE length(word) > 3"
        )
        projection.renew(self._conn)

    def _accounts(self) -> Iterator[tuple[object, ...]]:
        for actor in range(1, self._artists + self._listeners + 1):
            name = f"{self._language.words[actor % VOCABULARY]}{actor}"
            yield actor, _did(actor), f"{name}.example.com", None

    def _liked(self) -> list[tuple[int, int]]:
        """Who likes what, each once: pairs of a listener and a track, of which few are known."""
        pairs: dict[tuple[int, int], None] = {}
        while len(pairs) < self._likes:
            listener = self._artists + 1 + int(self._listeners * self._random.random())
            pairs[listener, 1 + int(self._tracks * self._random.random() ** 4)] = None
        return list(pairs)

    def _write_tracks(self, counts: Counter[int]) -> None:
        order = list(range(1, self._tracks + 1))
        self._random.shuffle(order)  # the best known are not the oldest
        ids = dict(enumerate(order, 1))
        known = {ids[number]: likes for number, likes in counts.items()}
        counts.clear()
        counts.update(known)
        self._ids = ids
        self._authors = array("l", [0]) * (self._tracks + 1)
        for first in range(1, self._tracks + 1, BATCH):
            keys = range(first, min(first + BATCH, self._tracks + 1))
            made = [self._track(key, known.get(key, 0)) for key in keys]
            self._insert("records", _RECORD, (record for record, _, _ in made))
            self._insert("tracks", _TRACK, (track for _, track, _ in made))
            entries = [entry for _, _, entry in made]
            self._conn.executemany(
                "INSERT INTO search_entries (doc, kind, key, actor, sort_at, name, also) VALUES"
                " ((?1 << 60) | (((?2 >= 8) + (?2 >= 64) + (?2 >= 512) + (?2 >= 4096)"
                " + (?2 >= 32768)) << 52) | ?3, ?1, ?3, ?4, ?5, ?6, ?7)",
                [(Kind.TRACK, *entry) for entry in entries],
            )
            for *_, name, also in entries:
                self._used.update((Kind.TRACK, word) for word in set(f"{name} {also}".split()))

    def _track(self, key: int, likes: int) -> tuple[tuple[object, ...], ...]:
        at = BEGIN + key * STEP
        actor = self._authors[key] = 1 + int(self._artists * self._random.random() ** 2)
        title, album = self._language.phrase(1, 5).title(), self._language.phrase(1, 3).title()
        artist = self._language.words[actor % VOCABULARY].title()
        seconds, image = self._random.randint(30, 600), f"https://images.plyr.fm/{key}.webp"
        value = cbor.encode(
            {
                "$type": self._names.track,
                "title": title,
                "artist": artist,
                "album": album,
                "fileType": "mp3",
                "audioUrl": f"https://audio.plyr.fm/{key}.mp3",
                "imageUrl": image,
                "duration": seconds,
                "createdAt": Datetime.from_micros(at),
            }
        )
        return (
            self._record(key, actor, 1, at, value),
            (key, actor, at, title, artist, album, slug(album) or None, image, seconds),
            (likes, key, actor, at, fold(title), fold(f"{artist} {album}")),
        )

    def _write_likes(self, pairs: Sequence[tuple[int, int]]) -> None:
        version = Cid.for_cbor(b"")  # nobody asks which version is liked
        for first in range(0, len(pairs), BATCH):
            records, likes = [], []
            for place, (actor, number) in enumerate(pairs[first : first + BATCH], first):
                key, subject = self._tracks + 1 + place, self._ids[number]
                at = BEGIN + key * STEP
                value = cbor.encode(
                    {
                        "$type": self._names.like,
                        "subject": {"uri": self._uri(subject), "cid": str(version)},
                        "createdAt": Datetime.from_micros(at),
                    }
                )
                records.append(self._record(key, actor, 2, at, value))
                likes.append((key, actor, subject, version, at))
            self._insert("records", _RECORD, iter(records))
            self._insert("likes", "record, actor, subject, subject_cid, sort_at", iter(likes))

    def _record(
        self, key: int, actor: int, collection: int, at: int, value: bytes
    ) -> tuple[object, ...]:
        rkey = Tid.from_micros(at, 0)
        return key, actor, collection, rkey, "valid", rkey, Cid.for_cbor(value), value, at

    def _uri(self, track: int) -> AtUri:
        rkey = Tid.from_micros(BEGIN + track * STEP, 0)
        return AtUri.of(_did(self._authors[track]), self._names.track, RecordKey(rkey))

    def _sum_up(self) -> None:
        """What each account holds, and what it is told of."""
        self._conn.execute(
            "UPDATE actors SET tracks = t.held, seconds = t.seconds, records = t.held"
            " FROM (SELECT actor, count(*) AS held, sum(seconds) AS seconds FROM tracks"
            "  GROUP BY actor) t WHERE t.actor = actors.id"
        )
        self._conn.execute(
            "UPDATE actors SET likes = l.held, records = records + l.held"
            " FROM (SELECT actor, count(*) AS held FROM likes GROUP BY actor) l"
            " WHERE l.actor = actors.id"
        )
        self._conn.execute(
            "INSERT INTO notifications (owner, sort_at, record, kind, subject)"
            " SELECT t.actor, l.sort_at, l.record, 'like', t.record"
            " FROM likes l JOIN tracks t ON t.record = l.subject WHERE t.actor <> l.actor"
        )

    def _insert(self, table: str, columns: str, rows: Iterator[tuple[object, ...]]) -> None:
        blanks = ", ".join("?" * len(columns.split(",")))
        query = f"INSERT INTO {table} ({columns}) VALUES ({blanks})"  # noqa: S608
        self._conn.executemany(query, rows)


def _did(actor: int) -> Did:
    return Did(f"did:plc:{actor:0>24}")


_RECORD = "id, actor, collection, rkey, state, rev, cid, value, first_seen"
_TRACK = "record, actor, sort_at, title, artist, album, album_slug, image, seconds"
