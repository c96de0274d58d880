"""The tables of ``private.db``: their numbered migrations, which are also its version."""

from __future__ import annotations

from atp.runtime import sqlite

FILE = "private.db"


def migrations() -> list[str]:
    """The SQL of each migration, in order."""
    return sqlite.load_migrations(__name__)


def version() -> int:
    """The schema version that this code reads and writes."""
    return len(migrations())
