"""Accounts that we know only because a record refers to them: each is asked for once, in bounds.

A reference is no proof that the account has anything of ours, and a list of 10,000 strangers is
cheap to write. So whoever refers pays, out of a budget for a day; all together have one too; and an
account whose host stays dark is given up after a while, so that few wait at any time. What a budget
leaves out is asked for when somebody refers to it again.

The budgets are counted in the index, not in memory: a restart gives nobody a new one, and it stays
known on whose word we asked a host.
"""

from __future__ import annotations

from collections.abc import Container
from itertools import islice
from typing import Literal

import apsw

from indexer.store import repos
from indexer.store.repos import Desync

A_DAY = 100
"""Accounts that are asked for in a day because one account refers to them."""
ALL_A_DAY = 10_000
"""The same, because of anybody."""
TRIES = 10
"""Failed attempts, over some hours, after which an account that was asked for is given up."""

DAY = 24 * 3_600 * 1_000_000

References = Literal["likes", "comments", "list_items"]

_STRANGERS = {
    table: "SELECT r.actor, c.nsid"  # noqa: S608
    f" FROM {table} t JOIN records r ON r.id = t.subject AND r.state = 'unseen'"
    f" JOIN collections c ON c.id = r.collection WHERE t.{key} = ?1 AND r.actor <> ?2"
    " AND NOT EXISTS (SELECT 1 FROM repos WHERE actor = r.actor)"
    " AND NOT EXISTS (SELECT 1 FROM sought WHERE actor = r.actor)"
    for table, key in (("likes", "record"), ("comments", "record"), ("list_items", "list"))
}


def seek(
    conn: apsw.Connection,
    references: References,
    record: int,
    referrer: int,
    *,
    collections: Container[str],
    now: int,
) -> None:
    """Ask for the strangers whose records in ``collections`` an indexed record refers to."""
    found: list[tuple[int, str]] = conn.execute(
        _STRANGERS[references], (record, referrer)
    ).fetchall()  # type: ignore[assignment]
    if not found:
        return
    strangers = dict.fromkeys(actor for actor, nsid in found if nsid in collections)
    for actor in islice(strangers, _left(conn, referrer, now)):
        conn.execute(
            "INSERT INTO sought (actor, referrer, at) VALUES (?, ?, ?)", (actor, referrer, now)
        )
        repos.put(conn, actor, head=None, reason=Desync.DISCOVERED, now=now)


def give_up(conn: apsw.Connection, actor: int) -> None:
    """Stop following an account that was asked for often enough and never showed anything."""
    conn.execute(
        "DELETE FROM repos WHERE actor = ? AND rev IS NULL AND reason = ? AND attempts >= ?"
        " AND EXISTS (SELECT 1 FROM sought WHERE sought.actor = repos.actor)",
        (actor, Desync.DISCOVERED, TRIES),
    )


def _left(conn: apsw.Connection, referrer: int, now: int) -> int:
    """How many more accounts may be asked for on this one's word."""
    since = now - DAY
    row = conn.execute(
        "SELECT (SELECT count(*) FROM sought WHERE referrer = ?1 AND at > ?2),"
        " (SELECT count(*) FROM sought WHERE at > ?2)",
        (referrer, since),
    ).get
    mine, everybodys = map(int, row)
    return max(0, min(A_DAY - mine, ALL_A_DAY - everybodys))
