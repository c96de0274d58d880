"""The tables of ``labels.db``: their numbered migrations, which are also its version.

Moderation events and labels are append-only, and the tables themselves see to it: of a label only
its signature and the number of the key that made it may be renewed.
"""

from __future__ import annotations

from atp.runtime import sqlite

FILE = "labels.db"


def migrations() -> list[str]:
    """The SQL of each migration, in order."""
    return sqlite.load_migrations(__name__)


def version() -> int:
    """The schema version that this code reads and writes."""
    return len(migrations())
