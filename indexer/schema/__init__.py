"""The tables of ``index.db``: their numbered migrations, which are also its version.

Whoever reads the index may import this package and nothing else of the indexer.
"""

from __future__ import annotations

from enum import IntEnum

import apsw

from atp.runtime import eventlog, sqlite

FILE = "index.db"

PROJECTION = 1
"""What is made of raw records: raised when the same records are to give other typed rows.

An index whose table `projection` has a lower number is to be rebuilt before it is read.
"""

_KEY_BITS = 52
_KIND_BIT = 60


class Kind(IntEnum):
    """What a document of the search index is of."""

    TRACK = 1
    ACTOR = 2
    LIST = 3

    @property
    def docs(self) -> tuple[int, int]:
        """The first and last number that a document of this kind can have."""
        return self << _KIND_BIT, (self + 1 << _KIND_BIT) - 1

    def doc(self, standing: int, key: int) -> int:
        """The number of a document: by kind, then by standing, then by key."""
        return self << _KIND_BIT | standing << _KEY_BITS | key

    @staticmethod
    def split(doc: int) -> tuple[int, int]:
        """The kind and key of a document's number."""
        return doc >> _KIND_BIT, doc & (1 << _KEY_BITS) - 1


def migrations() -> list[str]:
    """The SQL of each migration, in order; the event log's own table is part of the first."""
    first, *rest = sqlite.load_migrations(__name__)
    return [eventlog.SCHEMA + first, *rest]


def projection(conn: apsw.Connection) -> int:
    """Which projection the typed rows of an index with the newest schema are."""
    return int(conn.execute("SELECT number FROM projection").get)


def version() -> int:
    """The schema version that this code reads and writes."""
    return len(migrations())
