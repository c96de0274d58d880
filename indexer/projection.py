"""Typed rows of an older version are made anew before anybody reads them.

A migration changes tables; what code computes from records and writes into them changes with
`indexer.schema.PROJECTION`. A start that finds a lower number in the index rebuilds it from the raw
records, in one transaction, so a start that is cut off begins again. Readers refuse the index until
it is done.
"""

from __future__ import annotations

import time

import apsw

from atp.runtime import log
from atp.runtime.sqlite import Writer
from indexer import schema
from indexer.rebuild import rebuild
from indexer.store import projection
from lexicons.catalog import Catalog
from lexicons.names import Names

TOLD_EVERY = 5.0  # seconds

logger = log.get("indexer")


async def refresh(writer: Writer, names: Names, catalog: Catalog) -> bool:
    """Rebuild the index unless its typed rows are this version's; return whether it did."""

    def work(conn: apsw.Connection) -> bool:
        if schema.projection(conn) == schema.PROJECTION:
            return False
        _rebuild(conn, names, catalog)
        return True

    return await writer.run(work)


def _rebuild(conn: apsw.Connection, names: Names, catalog: Catalog) -> None:
    total = projection.records(conn)
    if not total:
        projection.renew(conn)
        return
    logger.info("rebuilding for this version", records=total)
    told = time.monotonic()

    def progress(done: int) -> None:
        nonlocal told
        if time.monotonic() - told >= TOLD_EVERY:
            told = time.monotonic()
            logger.info("rebuilding", done=done, records=total)

    rebuild(conn, names, catalog, progress)
    logger.info("rebuilt", records=total)
