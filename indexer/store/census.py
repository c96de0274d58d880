"""How many repos and accounts are how, counted over partial indexes: some ms for 300,000 repos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import apsw

from indexer.store.repos import Desync


class Complete(StrEnum):
    """The states of a repo that need no reason to be told."""

    SYNCHRONIZED = "synchronized"
    IN_PROGRESS = "in_progress"


State = Complete | Desync
"""How a repo is: for one that waits to be fetched, why."""


class Queue(StrEnum):
    """What is to be done with a repo that is not complete."""

    DUE = "due"
    WAITING = "waiting"  # for another try, or for its account to be active again
    UNDER_WAY = "under_way"


@dataclass(frozen=True, slots=True)
class Census:
    """Repos by state and by their place in the queue; and the accounts that are not shown."""

    repos: Mapping[State, int]
    queue: Mapping[Queue, int]
    hidden: int


def take(conn: apsw.Connection, now: int) -> Census:
    """Count; time in microseconds."""
    found: dict[State, int] = dict.fromkeys((*Complete, *Desync), 0)
    found[Complete.SYNCHRONIZED] = _number(
        conn, "SELECT count(*) FROM repos WHERE state = 'synchronized'"
    )
    for state, reason, count in conn.execute(
        "SELECT state, reason, count(*) FROM repos WHERE state <> 'synchronized'"
        " GROUP BY state, reason"
    ):
        found[Desync(reason) if state == "desynchronized" else Complete.IN_PROGRESS] += count
    due = _number(
        conn, "SELECT count(*) FROM repos WHERE state = 'desynchronized' AND due_at <= ?", now
    ) - _number(
        conn,
        "SELECT count(*) FROM actors a CROSS JOIN repos r ON r.actor = a.id"
        " WHERE (NOT a.upstream_active OR a.takedown IS NOT NULL) AND NOT a.upstream_active"
        " AND r.state = 'desynchronized' AND r.due_at <= ?",
        now,
    )
    queue = {
        Queue.DUE: due,
        Queue.WAITING: sum(found[reason] for reason in Desync) - due,
        Queue.UNDER_WAY: found[Complete.IN_PROGRESS],
    }
    hidden = "SELECT count(*) FROM actors WHERE NOT upstream_active OR takedown IS NOT NULL"
    return Census(found, queue, _number(conn, hidden))


def _number(conn: apsw.Connection, sql: str, *values: int) -> int:
    return int(conn.execute(sql, values).get)
