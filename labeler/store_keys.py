"""Keys in ``labels.db``: which may sign, which is to come, and what each has signed.

What is left to be signed anew is found by the number of the key in each row, so no other state
tells how far that has come, and it can be broken off anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw
import orjson

from atp.label import Label
from labeler import store
from labeler.store import Event


def pending(conn: apsw.Connection) -> str | None:
    """The key that is to follow, as did:key; while there is one, nothing is signed."""
    found: str | None = conn.execute("SELECT did_key FROM rotation").get
    return found


def begin(conn: apsw.Connection, event: Event, did_key: str) -> None:
    """From now on sign nothing, until that key has followed."""
    store.add_event(conn, event)
    conn.execute("INSERT OR REPLACE INTO rotation VALUES (1, ?)", (did_key,))


def end(conn: apsw.Connection) -> None:
    """The new key is in its place: sign again."""
    conn.execute("DELETE FROM rotation")


def distrust(conn: apsw.Connection, event: Event, did_key: str) -> None:
    """Show nothing any more that a key other than ``did_key`` has signed."""
    store.add_event(conn, event)
    conn.execute("UPDATE keys SET compromised = 1 WHERE did_key <> ?", (did_key,))


def distrusted(conn: apsw.Connection, did_key: str) -> bool:
    """Whether somebody else may have that key."""
    return bool(conn.execute("SELECT compromised FROM keys WHERE did_key = ?", (did_key,)).get)


def left(conn: apsw.Connection, did_key: str) -> int:
    """How many labels another key than that has signed."""
    return int(
        conn.execute(
            "SELECT count(*) FROM labels WHERE key IN (SELECT id FROM keys WHERE did_key <> ?)",
            (did_key,),
        ).get
    )


def stale(conn: apsw.Connection, did_key: str, limit: int) -> list[tuple[int, Label]]:
    """The first labels, at most ``limit``, of the oldest that another key than that has signed."""
    oldest = conn.execute(
        "SELECT id FROM"
        " (SELECT id, (SELECT min(seq) FROM labels WHERE key = id) AS first"
        " FROM keys WHERE did_key <> ?) WHERE first IS NOT NULL ORDER BY first LIMIT 1",
        (did_key,),
    ).get
    return [] if oldest is None else store.signed_with(conn, oldest, limit)


def renew(conn: apsw.Connection, labels: Iterable[tuple[int, Label]], key: int) -> None:
    """Put other signatures in the place of those that labels had, made with that key."""
    conn.executemany(
        "UPDATE labels SET sig = ?, key = ? WHERE seq = ?",
        ((label.sig, key, seq) for seq, label in labels),
    )


def showable(conn: apsw.Connection, seq: int, limit: int) -> list[tuple[int, Label]]:
    """Like `store.after`; ends before the first label with a signature of a compromised key.

    It does not go past that one, since whoever reads in order would never come back for it.
    """
    # Looked for first: of such labels there are ever fewer, so those before it are good later too.
    end = conn.execute(
        "SELECT min((SELECT min(seq) FROM labels WHERE key = id AND seq > ?))"
        " FROM keys WHERE compromised",
        (seq,),
    ).get
    found = store.after(conn, seq, limit)
    return found if end is None else [one for one in found if one[0] < end]


def withheld(conn: apsw.Connection, numbers: Iterable[int]) -> bool:
    """Whether a compromised key has signed one of the labels with these sequence numbers."""
    return bool(
        conn.execute(
            "SELECT EXISTS (SELECT 1 FROM keys JOIN labels ON labels.key = keys.id"
            " WHERE compromised AND seq IN (SELECT value FROM json_each(?)))",
            (orjson.dumps(list(numbers)).decode(),),
        ).get
    )
