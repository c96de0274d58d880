"""Repositories of music listeners as their PDSes give them: whole trees, genuine signatures.

Some accounts publish tracks, all like, comment and list them, and each repo also holds as many
records of another application, which an indexer has to pass over. Tracks are not equally well
known, accounts not equally busy. The same seed gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from atp.cid import Cid
from atp.datetime import Datetime
from atp.frames import MAX_OPS, CommitMsg
from atp.keys import Curve, PrivateKey
from atp.syntax import Did, Nsid
from atp.tid import TidClock
from lexicons.names import FOREIGN_PROFILE, Names
from ops.world.repo import Create, Record, Repo, Write

REPOS = 200
RECORDS = 100_000
"""Records of ours in all repos together."""
TRACK_EVERY = 10
"""One record of ours in so many is a track."""
ARTIST_EVERY = 5
"""One account in so many publishes them."""
ELSEWHERE = 0.25
"""Of the commits that follow, the share of those without a record of ours."""
SHARES = {"like": 0.77, "comment": 0.20, "list": 0.03}
"""What all other records of ours are, but for a profile in each repo."""
MAX_ITEMS = 15
BEGIN = 1_700_000_000_000_000
"""Microseconds since the epoch of the first record: 2023-11-14."""
STEP = 200_000_000
"""Microseconds between two records, whoever writes them."""
FOREIGN = Nsid("app.bsky.feed.post")
WORDS = ("the", "of", "night", "song", "and", "loud", "quiet", "river", "city", "again", "never")


class Account:
    """Somebody with a repo; ``pending`` is what has been written and not yet committed."""

    def __init__(self, name: str) -> None:
        """The account whose secrets follow from its name."""
        digest = hashlib.sha256(name.encode()).digest()
        curve = Curve.K256 if digest[0] % 4 else Curve.P256
        self.did = Did.parse(f"did:plc:{base64.b32encode(digest)[:24].decode().lower()}")
        self.key = PrivateKey.from_bytes(curve, digest)
        self.repo = Repo(self.did, self.key, TidClock(digest[1]), BEGIN)
        self.pending: list[Write] = []

    def commit(self, at: int) -> CommitMsg:
        """Commit the next writes that are pending; time in microseconds."""
        writes, self.pending = self.pending[:MAX_OPS], self.pending[MAX_OPS:]
        return self.repo.apply(writes, at)


class Library:
    """Accounts and what they wrote, ``records`` of ours altogether."""

    def __init__(self, seed: int, names: Names, repos: int = REPOS, records: int = RECORDS) -> None:
        self._random = Random(seed)  # noqa: S311 - the same bytes each time are the point
        self._names = names
        self._now = BEGIN
        self._tracks: list[dict[str, str]] = []
        self.accounts = [Account(f"library {number}") for number in range(repos)]
        tracks = records // TRACK_EVERY
        for account in self._busy(self.accounts[::ARTIST_EVERY], tracks):
            self._publish(account)
        for account in self.accounts:
            self._present(account)
        for account in self._busy(self.accounts, records - tracks - repos):
            self._listen(account)
        for account in self.accounts:
            for _ in range(len(account.pending)):
                self._elsewhere(account)
            while account.pending:
                account.commit(self._now)

    def more(self, commits: int) -> Iterator[CommitMsg]:
        """What happens next: commits of one record, numbered from 1; few are not of ours."""
        for seq, account in enumerate(self._busy(self.accounts, commits), 1):
            if self._random.random() < ELSEWHERE:
                self._elsewhere(account)
            else:
                self._listen(account)
            yield replace(account.commit(self._now), seq=seq)

    def _busy(self, accounts: Sequence[Account], writes: int) -> list[Account]:
        """Who makes each of so many writes: each account some, and a few of them most."""
        weights = [1 / (rank + len(accounts) / 8) for rank in range(1, len(accounts) + 1)]
        others = self._random.choices(accounts, weights, k=writes - len(accounts))
        return [*accounts, *others]

    def _publish(self, account: Account) -> None:
        path, cid = self._write(
            account,
            self._names.track,
            {
                "title": self._words(1, 6),
                "artist": self._words(1, 2),
                "album": self._words(1, 3),
                "fileType": "mp3",
                "audioUrl": f"https://audio.example.com/{self._now}.mp3",
                "imageUrl": f"https://images.example.com/{self._now}.webp",
                "duration": self._random.randint(30, 600),
            },
        )
        self._tracks.append({"uri": f"at://{account.did}/{path}", "cid": str(cid)})

    def _present(self, account: Account) -> None:
        self._write(account, self._names.profile, {"bio": self._words(0, 20)}, "self")
        name = {"displayName": self._words(1, 2), "description": self._words(0, 20)}
        self._write(account, FOREIGN_PROFILE, name, "self")

    def _listen(self, account: Account) -> None:
        [kind] = self._random.choices([*SHARES], [*SHARES.values()])
        if kind == "like":
            self._write(account, self._names.like, {"subject": self._track()})
        elif kind == "comment":
            at = self._random.randrange(600_000)
            said = {"subject": self._track(), "text": self._words(1, 20), "timestampMs": at}
            self._write(account, self._names.comment, said)
        else:
            items = [{"subject": self._track()} for _ in range(self._random.randint(1, MAX_ITEMS))]
            entry = {"name": self._words(1, 3), "listType": "playlist", "items": items}
            self._write(account, self._names.list, entry)

    def _elsewhere(self, account: Account) -> None:
        self._write(account, FOREIGN, {"text": self._words(1, 40), "langs": ["en"]})

    def _write(
        self, account: Account, collection: Nsid, value: dict[str, Any], rkey: str = ""
    ) -> tuple[str, Cid]:
        self._now += STEP
        record = {"$type": collection, **value, "createdAt": Datetime.from_micros(self._now)}
        key = rkey or account.repo.next_rkey(self._now)
        account.pending.append(Create(collection, record, key))
        return f"{collection}/{key}", Record.of(collection, record).cid

    def _track(self) -> dict[str, str]:
        """A track, of which the first ones are known best."""
        return self._tracks[int(len(self._tracks) * self._random.random() ** 2)]

    def _words(self, low: int, high: int) -> str:
        return " ".join(self._random.choices(WORDS, k=self._random.randint(low, high)))
