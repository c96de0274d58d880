"""Authors with real signed repos, and an index in memory to apply what they write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import apsw

from atp.frames import AccountMsg, CommitMsg, IdentityMsg
from atp.keys import Curve
from atp.runtime import sqlite
from atp.sync import VerifiedCommit, VerifiedOp, check_commit
from atp.syntax import AtUri, Did, Nsid, RecordKey
from indexer import accounts, schema
from indexer.apply import Applier
from indexer.event import Outcome
from indexer.hosting import Answer, Reply
from indexer.records import collections
from indexer.store import rows, statuses
from indexer.store.dump import dump, miscounted
from indexer.verdict import Applied
from lexicons.catalog import Catalog
from lexicons.names import FOREIGN_PROFILE, Names
from ops.world.keys import Secrets
from ops.world.repo import Create, Delete, Repo, Update, Write

NAMES = Names()
START = 1_750_000_000_000_000
WHEN = "2025-06-15T12:00:00.000Z"
SOURCE = "wss://relay.example.com"
PDS = "https://pds.example.com"


class Author:
    """An account whose commits are real; every commit comes a second after the last."""

    def __init__(self, number: int) -> None:
        letters = "abcdefghijklmnopqrstuvwxyz234567"
        self.did = Did.parse("did:plc:" + "author" + letters[number] * 18)
        self._secrets = Secrets(7, f"author {number}")
        self.key = self._secrets.key("signing", (Curve.P256, Curve.K256)[number % 2])
        self.now = START
        self.repo = Repo(self.did, self.key, self._secrets.tid_clock(), self.now)

    def message(self, *writes: Write) -> CommitMsg:
        """The commit of some writes, as a relay would send it."""
        self.now += 1_000_000
        return self.repo.apply(writes, self.now)

    def commit(self, *writes: Write) -> VerifiedCommit:
        """The commit of some writes, verified."""
        return check_commit(self.message(*writes), self.key.public_key, None, self.now)

    def track(self, rkey: str = "3kaaaaaaaaaa2", **fields: Any) -> Create:
        """A new track."""
        return Create(NAMES.track, track(**fields), rkey)

    def uri(self, collection: Nsid, rkey: str) -> AtUri:
        """The URI of a record of this author."""
        return AtUri.of(self.did, collection, RecordKey.parse(rkey))

    def subject(self, collection: Nsid, rkey: str) -> dict[str, str]:
        """A strong reference to a record of this author, which need not exist yet."""
        record = self.repo.records.get(f"{collection}/{rkey}")
        cid = (
            str(record.cid)
            if record
            else "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
        )
        return {"uri": self.uri(collection, rkey), "cid": cid}

    def account(self, *, active: bool, status: str | None = None, time: str = WHEN) -> AccountMsg:
        """A change of hosting status."""
        return AccountMsg(0, self.did, time, active, status)

    def identity(self) -> IdentityMsg:
        """A change of identity."""
        return IdentityMsg(0, self.did, WHEN, None)


def track(**fields: Any) -> dict[str, Any]:
    """A valid track record."""
    return {
        "title": "Harbour Lights",
        "artist": "Mira",
        "fileType": "mp3",
        "audioUrl": "https://audio.example.com/a.mp3",
        "duration": 60,
        "createdAt": WHEN,
        **fields,
    }


def like(subject: dict[str, str], **fields: Any) -> dict[str, Any]:
    """A like record."""
    return {"subject": subject, "createdAt": WHEN, **fields}


def comment(subject: dict[str, str], **fields: Any) -> dict[str, Any]:
    """A comment record."""
    return {"subject": subject, "text": "this drop!", "timestampMs": 1, "createdAt": WHEN, **fields}


def playlist(subjects: Sequence[dict[str, str]], **fields: Any) -> dict[str, Any]:
    """A list record."""
    items = [{"subject": subject} for subject in subjects]
    return {"name": "mix", "listType": "playlist", "items": items, "createdAt": WHEN, **fields}


def without_record(op: VerifiedOp) -> VerifiedOp:
    """The same write, of a record that did not come."""
    assert op.cid is not None, "a delete has none"
    return VerifiedOp.write(op.action, op.collection, op.rkey, op.cid, None)


@dataclass
class Index:
    """An index in memory and what applies events to it."""

    conn: apsw.Connection = field(default_factory=lambda: apsw.Connection(":memory:"))
    now: int = START + 3_600_000_000

    def __post_init__(self) -> None:
        self.conn.pragma("foreign_keys", "ON")
        sqlite.migrate(self.conn, schema.migrations())
        self.applier = Applier(NAMES, Catalog.load(NAMES.namespace))

    def apply(self, outcome: Outcome) -> Applied:
        """Apply one event in a transaction of its own, then check every counter."""
        with self.transaction():
            return self.applier.apply(self.conn, outcome, self.now, SOURCE)

    def answer(self, did: Did, reply: Reply) -> bool:
        """Apply what came of asking about an account; return whether it came back."""
        with self.transaction():
            actor = rows.find_actor(self.conn, did)
            question = None if actor is None else statuses.find(self.conn, actor.id)
            assert question is not None, "nothing was told of it, and it is not in doubt"
            return accounts.apply_reply(
                self.conn, question, reply, collections(NAMES).values(), now=self.now, jitter=1.0
            )

    def confirm(self, event: AccountMsg) -> None:
        """Apply a change of hosting status; the PDS of an account that we know says the same."""
        self.apply(event)
        if rows.find_actor(self.conn, event.did) is not None:
            answer = Answer.ACTIVE if event.active else Answer.INACTIVE
            self.answer(event.did, Reply(answer, event.status))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction a microsecond later, after which every counter is checked."""
        self.now += 1
        self.conn.execute("BEGIN IMMEDIATE")
        yield
        self.conn.execute("COMMIT")
        assert miscounted(self.conn, FOREIGN_PROFILE) == []
        assert self.conn.execute("PRAGMA foreign_key_check").fetchall() == []

    def dump(self) -> list[tuple[object, ...]]:
        """What the index says."""
        return list(dump(self.conn))

    def one(self, query: str, *values: Any) -> Any:
        """The first column of the first row."""
        row = self.conn.execute(query, values).fetchone()
        return None if row is None else row[0]

    def shown(self) -> dict[str, bool]:
        """Every live record's URI, and whether it is shown."""
        return {str(row[1]): bool(row[5]) for row in self.dump() if row[0] == "record"}

    def counts(self, uri: AtUri) -> tuple[int, int, int]:
        """Likes, comments and lists of a URI."""
        found = {str(row[1]): row[2:] for row in self.dump() if row[0] == "counters"}
        return found.get(uri, (0, 0, 0))  # type: ignore[return-value]


__all__ = ["Create", "Delete", "Update"]
