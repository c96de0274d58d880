"""What a relay sends, made up: genuine repos and signed commits in a mix like the network's.

Nearly all of it is other applications' records, one create a commit; a few listeners among the
authors also write records of ours. Every commit extends a real tree, proves its operations and
chains to the one before, so whoever verifies has real work to do. The same seed gives the same
bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from atp import did_doc, frames
from atp.datetime import Datetime
from atp.frames import MAX_OPS, AccountMsg, CommitMsg, IdentityMsg
from atp.keys import Curve, PrivateKey
from atp.syntax import Did, Handle
from atp.tid import TidClock
from lexicons.names import Names
from ops.world.events import Message
from ops.world.repo import Create, Delete, Repo, Update, Write

START = 1_767_225_600_000_000
"""Microseconds since the epoch at which the traffic begins: 2026-01-01."""
STEP = 1_000
"""Microseconds between two messages."""
AUTHORS = 40
AUTHOR_RECORDS = 2_000
"""Enough for trees so deep that the proofs make a commit 3 to 5 KB."""
LISTENERS = 2
LISTENER_RECORDS = 1_000
LISTENER_EVERY = 1_000
"""One message in so many is of a listener's repo, which an indexer follows."""
ELSEWHERE_EVERY = 4
"""One of so many of those holds no record of ours; the last of them all does.

So an indexer that has stored the last message has dealt with everything.
"""
STATUS_SHARE = 0.003
DELETE_SHARE = 0.10
UPDATE_SHARE = 0.02
PAIR_SHARE = 0.03
COLLECTIONS = ("app.bsky.feed.like", "app.bsky.feed.post", "app.bsky.graph.follow")
COLLECTION_WEIGHTS = (6, 3, 1)
WORDS = ("the", "of", "night", "song", "and", "loud", "quiet", "river", "city", "again", "never")


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as a frame, and whether it holds a record of ours."""

    frame: bytes
    ours: bool


class Author:
    """An account that writes records of other applications."""

    def __init__(self, name: str, records: int, random: Random) -> None:
        digest = hashlib.sha256(name.encode()).digest()
        self.key = PrivateKey.from_bytes(Curve.K256, digest)
        self.did = Did.parse(f"did:plc:{base64.b32encode(digest)[:24].decode().lower()}")
        self.handle = Handle.parse(f"{name}.example.com")
        self._random = random
        self._repo = Repo(self.did, self.key, TidClock(digest[0]), START - 1)
        for first in range(0, records, MAX_OPS):
            self.write([self._create() for _ in range(min(MAX_OPS, records - first))], START)
        self._paths = list(self._repo.records)

    def document(self) -> dict[str, Any]:
        """Its DID document; it claims no handle, which would have to be looked up elsewhere."""
        pds = ("AtprotoPersonalDataServer", "https://pds.example.com")
        keys = {"#atproto": self.key.public_key}
        return did_doc.build(self.did, None, keys, {"#atproto_pds": pds})

    def write(self, writes: list[Write], now: int) -> CommitMsg:
        """Commit these writes."""
        return self._repo.apply(writes, now)

    def commit(self, now: int) -> CommitMsg:
        """Commit whatever an account of another application would."""
        draw = self._random.random()
        if draw < DELETE_SHARE:
            return self.write([Delete(*self._forget().split("/"))], now)
        if draw < DELETE_SHARE + UPDATE_SHARE:
            collection, rkey = self._random.choice(self._paths).split("/")
            return self.write([Update(collection, rkey, self._record(collection))], now)
        pair = draw > 1 - PAIR_SHARE
        message = self.write([self._create() for _ in range(1 + pair)], now)
        self._paths += [op.path for op in message.ops]
        return message

    def _create(self) -> Create:
        [collection] = self._random.choices(COLLECTIONS, COLLECTION_WEIGHTS)
        return Create(collection, self._record(collection))

    def _record(self, collection: str) -> dict[str, Any]:
        created_at = Datetime.from_micros(START - self._random.randrange(10**9))
        if collection == "app.bsky.feed.post":
            text = " ".join(self._random.choices(WORDS, k=self._random.randint(4, 50)))
            return {"text": text, "langs": ["en"], "createdAt": created_at}
        other = base64.b32encode(self._random.randbytes(15)).decode().lower()
        if collection == "app.bsky.graph.follow":
            return {"subject": f"did:plc:{other}", "createdAt": created_at}
        subject = {
            "uri": f"at://did:plc:{other}/app.bsky.feed.post/3{other[:12]}",
            "cid": f"bafyrei{other}{other}aaaa",
        }
        return {"subject": subject, "createdAt": created_at}

    def _forget(self) -> str:
        index = self._random.randrange(len(self._paths))
        self._paths[index], self._paths[-1] = self._paths[-1], self._paths[index]
        return self._paths.pop()


class Traffic:
    """Some minutes of a relay's stream."""

    def __init__(self, seed: int, names: Names) -> None:
        self._random = Random(seed)  # noqa: S311 - the same bytes each time are the point
        self._names = names
        self._authors = [Author(f"author{n}", AUTHOR_RECORDS, self._random) for n in range(AUTHORS)]
        self.listeners = [
            Author(f"listener{n}", LISTENER_RECORDS, self._random) for n in range(LISTENERS)
        ]

    def sent(self, count: int) -> Iterator[Sent]:
        """The first ``count`` messages, numbered from 1."""
        for seq in range(1, count + 1):
            now = START + seq * STEP
            turn, rest = divmod(seq, LISTENER_EVERY)
            ours = rest == 0 and turn % ELSEWHERE_EVERY != 1
            message: Message
            if ours:
                message = self._ours(now)
            elif rest == 0:
                message = self._random.choice(self.listeners).commit(now)
            else:
                message = self._foreign(now)
            yield Sent(frames.encode(replace(message, seq=seq)), ours)

    def _foreign(self, now: int) -> Message:
        author = self._random.choice(self._authors)
        draw = self._random.random()
        if draw < STATUS_SHARE / 2:
            return IdentityMsg(0, author.did, Datetime.from_micros(now), author.handle)
        if draw < STATUS_SHARE:
            return AccountMsg(0, author.did, Datetime.from_micros(now), active=True, status=None)
        return author.commit(now)

    def _ours(self, now: int) -> CommitMsg:
        track = {
            "title": " ".join(self._random.choices(WORDS, k=4)),
            "artist": "somebody",
            "fileType": "mp3",
            "audioUrl": "https://audio.example.com/a.mp3",
            "duration": 180,
            "createdAt": Datetime.from_micros(now),
        }
        listener = self._random.choice(self.listeners)
        return listener.write([Create(self._names.track, track)], now)
