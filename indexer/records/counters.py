"""Counters: how often a URI is liked, commented and listed, and what each account holds.

Subject counters count active accounts only, so they move when an account's visibility does;
account counters do not ask. They equal a recount at every commit (law 7 of the design).
"""

from __future__ import annotations

from typing import Literal

import apsw

Subjects = Literal["likes", "comments", "lists"]
Held = Literal["tracks", "likes", "comments", "lists", "seconds"]

_ADD = {
    column: f"INSERT INTO counters (record, {column}) VALUES (?1, ?2)"  # noqa: S608
    f" ON CONFLICT (record) DO UPDATE SET {column} = {column} + ?2"
    for column in ("likes", "comments", "lists")
}
_HOLD = {
    column: f"UPDATE actors SET {column} = {column} + ? WHERE id = ?"  # noqa: S608
    for column in ("tracks", "likes", "comments", "lists", "seconds")
}
_OF_ACCOUNT = {
    "likes": "SELECT subject, 1 FROM likes WHERE actor = ? GROUP BY subject",
    "comments": "SELECT subject, count(*) FROM comments WHERE actor = ? GROUP BY subject",
    "lists": "SELECT i.subject, count(DISTINCT i.list) FROM lists l"
    " JOIN list_items i ON i.list = l.record WHERE l.actor = ? GROUP BY i.subject",
}


def add(conn: apsw.Connection, subject: int, what: Subjects, change: int) -> None:
    """Move one counter of a subject."""
    conn.execute(_ADD[what], (subject, change))


def hold(conn: apsw.Connection, actor: int, what: Held, change: int) -> None:
    """Move what an account holds."""
    conn.execute(_HOLD[what], (change, actor))


def account(conn: apsw.Connection, actor: int, sign: Literal[1, -1]) -> None:
    """Add (+1) or take away (-1) all that an account gives to others' counters."""
    for what, query in _OF_ACCOUNT.items():
        given = [(subject, sign * int(count)) for subject, count in conn.execute(query, (actor,))]
        conn.executemany(_ADD[what], given)
