"""The typed rows of each collection: one module a collection, all of one form.

Law: index, unindex, index again leaves the same rows and counters as index. Only a record's newest
valid version is indexed; an update is unindex, then index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import apsw

from atp.cbor import Value
from indexer.records import bsky_profile, comment, like, list_, profile, track
from indexer.records.row import Row
from lexicons.names import FOREIGN_PROFILE, Names


class Collection(Protocol):
    """What a collection's module offers."""

    def index(self, conn: apsw.Connection, row: Row, value: Mapping[str, Value]) -> bool:
        """Write the typed rows of a valid record and move the counters.

        Returns whether all that it refers to has come or will.
        """

    def unindex(self, conn: apsw.Connection, row: Row) -> None:
        """Take back what ``index`` wrote."""

    def purge(self, conn: apsw.Connection, actor: int) -> None:
        """Delete all rows of an account, after its counters were settled."""


def collections(names: Names) -> dict[str, Collection]:
    """The module of each collection that the index holds, by NSID."""
    return {
        names.track: track,
        names.like: like,
        names.comment: comment,
        names.list: list_,
        names.profile: profile,
        FOREIGN_PROFILE: bsky_profile,
    }
