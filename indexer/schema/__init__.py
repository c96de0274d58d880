"""The tables of ``index.db``: their numbered migrations, which are also its version.

Whoever reads the index may import this package and nothing else of the indexer.
"""

from __future__ import annotations

from atp.runtime import eventlog, sqlite

FILE = "index.db"


def migrations() -> list[str]:
    """The SQL of each migration, in order; the event log's own table is part of the first."""
    first, *rest = sqlite.load_migrations(__name__)
    return [eventlog.SCHEMA + first, *rest]


def version() -> int:
    """The schema version that this code reads and writes."""
    return len(migrations())
