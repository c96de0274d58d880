"""What a rebuild for a new version needs to know and to say."""

from __future__ import annotations

import apsw

from indexer.schema import PROJECTION


def renew(conn: apsw.Connection) -> None:
    """Say that the typed rows are now those of this version."""
    conn.execute("UPDATE projection SET number = ?", (PROJECTION,))


def records(conn: apsw.Connection) -> int:
    """How many live records a rebuild has to read."""
    found = conn.execute("SELECT count(*) FROM records WHERE state IN ('valid', 'invalid')").get
    return int(found)
