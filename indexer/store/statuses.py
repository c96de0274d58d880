"""What is told of accounts, what their PDSes answer, and who is to be asked when.

All functions run inside the writer's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import apsw
import orjson

from atp.syntax import Did
from indexer.hosting import STATEMENTS, Reply, Told

SECOND = 1_000_000
SPACING = SECOND
"""An account is not asked about sooner after the last time, however much is told of it."""
DOUBT_SPACING = 60 * SECOND
"""The same where nothing was told, but something put it in doubt."""


@dataclass(frozen=True, slots=True)
class Question:
    """An account to ask about; ``told`` is what no statement has settled yet."""

    actor: int
    did: Did
    told: Told | None
    attempts: int


_QUESTION = (
    "SELECT s.actor, a.did, s.told_active, s.told_status, s.told_at, s.settled, s.attempts"
    " FROM statuses s JOIN actors a ON a.id = s.actor"
)


def tell(conn: apsw.Connection, actor_id: int, told: Told, by: str | None, now: int) -> bool:
    """Store what an event told and make the question due; False where it is a replay."""
    row = conn.execute(
        "SELECT told_active, told_status, told_at FROM statuses WHERE actor = ?", (actor_id,)
    ).fetchone()
    if row is not None and row[2] is not None:
        if told.at < row[2]:
            doubt(conn, actor_id, now)
            return False
        if (told.active, told.status, told.at) == (bool(row[0]), row[1], row[2]):
            return False
    conn.execute(
        "INSERT INTO statuses (actor, told_active, told_status, told_at, told_by, due_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT (actor) DO UPDATE SET told_active = ?2, told_status = ?3, told_at = ?4,"
        " told_by = ?5, settled = 0, attempts = 0,"
        " due_at = max(?6, coalesce(answered_at + ?7, 0))",
        (actor_id, told.active, told.status, told.at, by, now, SPACING),
    )
    return True


def doubt(conn: apsw.Connection, actor_id: int, now: int) -> None:
    """Have an account asked about soon, though no event told anything of it."""
    conn.execute(
        "INSERT INTO statuses (actor, due_at) VALUES (?1, ?2) ON CONFLICT (actor) DO UPDATE SET"
        " due_at = min(coalesce(due_at, ?3), max(?2, coalesce(answered_at + ?4, 0)))",
        (actor_id, now, 2**62, DOUBT_SPACING),
    )


def due(
    conn: apsw.Connection, now: int, limit: int, *, but: Iterable[int], busy: Iterable[str]
) -> list[Question]:
    """The accounts to ask about now, longest waiting first.

    Not those under way, ``but``, and not those whose PDS, when last looked up, is ``busy``.
    """
    found = conn.execute(
        _QUESTION  # noqa: S608
        + " WHERE s.due_at <= ? AND s.actor NOT IN (SELECT value FROM json_each(?))"
        " AND (a.pds IS NULL OR a.pds NOT IN (SELECT value FROM json_each(?)))"
        " ORDER BY s.due_at LIMIT ?",
        (now, orjson.dumps(list(but)).decode(), orjson.dumps(list(busy)).decode(), limit),
    )
    return [_question(row) for row in found]


def next_due(conn: apsw.Connection) -> int | None:
    """When the next account is due, microseconds."""
    row = conn.execute("SELECT min(due_at) FROM statuses WHERE due_at IS NOT NULL").fetchone()
    return None if row is None else row[0]


def find(conn: apsw.Connection, actor_id: int) -> Question | None:
    """What is to be asked about one account, due or not."""
    row = conn.execute(_QUESTION + " WHERE s.actor = ?", (actor_id,)).fetchone()
    return None if row is None else _question(row)


def answered(conn: apsw.Connection, actor_id: int, reply: Reply, now: int) -> None:
    """Store what came of asking."""
    conn.execute(
        "UPDATE statuses SET answer = ?2, answer_status = ?3, answered_at = ?4, answered_by = ?5,"
        " attempts = iif(?6, 0, attempts + 1) WHERE actor = ?1",
        (
            actor_id,
            reply.answer,
            reply.status,
            now,
            reply.origin,
            reply.answer in STATEMENTS,
        ),
    )


def settle(conn: apsw.Connection, actor_id: int) -> None:
    """Note that a statement was made about what was told."""
    conn.execute("UPDATE statuses SET settled = 1 WHERE actor = ?", (actor_id,))


def postpone(conn: apsw.Connection, actor_id: int, at: int, pds: str) -> None:
    """Put off an account whose PDS is busy; remember which one that is."""
    conn.execute("UPDATE actors SET pds = ? WHERE id = ?", (pds, actor_id))
    schedule(conn, actor_id, at)


def schedule(conn: apsw.Connection, actor_id: int, at: int | None) -> None:
    """Have an account asked about at a time, or not before something is told."""
    conn.execute("UPDATE statuses SET due_at = ? WHERE actor = ?", (at, actor_id))


def set_purged(conn: apsw.Connection, actor_id: int, *, purged: bool) -> None:
    """Note that what an account held was purged, or that it is shown again."""
    conn.execute("UPDATE statuses SET purged = ? WHERE actor = ?", (purged, actor_id))


def is_purged(conn: apsw.Connection, actor_id: int) -> bool:
    """Whether what an account held was purged, and it was not shown since."""
    found = conn.execute("SELECT 1 FROM statuses WHERE actor = ? AND purged", (actor_id,))
    return found.fetchone() is not None


def _question(row: tuple[Any, ...]) -> Question:
    actor, did, active, status, at, settled, attempts = row
    open_ = at is not None and not settled
    return Question(actor, Did(did), Told(bool(active), status, at) if open_ else None, attempts)
