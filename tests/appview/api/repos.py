"""An index that has applied real commits, for queries about repositories."""

from __future__ import annotations

from indexer.apply import Applier
from indexer.event import Outcome
from tests.appview.client import CATALOG
from tests.appview.index import NAMES, START, Index
from tests.indexer.authors import SOURCE, Author


def apply(index: Index, *outcomes: Outcome) -> None:
    """Have the indexer write these events."""
    applier = Applier(NAMES, CATALOG)
    for outcome in outcomes:
        applier.apply(index.conn, outcome, START, SOURCE)


def name(index: Index, author: Author, handle: str) -> None:
    """Have verified an author's handle."""
    index.conn.execute(
        "UPDATE actors SET handle = ?, handle_due = 0 WHERE did = ?", (handle, author.did)
    )
