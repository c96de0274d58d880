"""Reports in ``labels.db``: each beside the moderation event that it is."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from atp.syntax import Did
from labeler import store
from labeler.store import Event


@dataclass(frozen=True, slots=True)
class Report:
    """What ``reporter`` has against a subject, a DID or an AT-URI; ``at`` in µs since the epoch."""

    at: int
    reporter: Did
    reason_type: str
    subject: str
    cid: str | None = None
    reason: str | None = None
    tool: str | None = None


def add(conn: apsw.Connection, report: Report) -> int:
    """Keep a report; returns its number."""
    event = store.add_event(
        conn,
        Event(
            report.at,
            report.reporter,
            "report",
            report.subject,
            report.cid,
            report.reason_type,
            report.tool,
        ),
    )
    conn.execute(
        "INSERT INTO reports (event, at, reporter, reason_type, subject, cid, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            event,
            report.at,
            report.reporter,
            report.reason_type,
            report.subject,
            report.cid,
            report.reason,
        ),
    )
    return conn.last_insert_rowid()


def nth_last(conn: apsw.Connection, reporter: Did, number: int) -> int | None:
    """When the account made its report before so many others, its latest being the first."""
    found = conn.execute(
        "SELECT at FROM reports WHERE reporter = ? ORDER BY at DESC LIMIT 1 OFFSET ?",
        (reporter, number - 1),
    ).get
    return None if found is None else int(found)
