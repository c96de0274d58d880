"""Rebuilding: every typed row and counter made anew from the raw records, in one transaction.

What a rebuild gives is what applying the records gave, so the index equals itself before and after
(design §4) unless a typed row was wrong; readers see the old rows until it is done. Raw records,
tombstones, first-seen times, repo state and the event log are not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import apsw

from atp import cbor
from indexer.judge import judge, sort_key
from indexer.records import collections
from indexer.records.row import Row
from indexer.store import projection, raw, search
from indexer.store.raw import Stored
from lexicons.catalog import Catalog
from lexicons.names import FOREIGN_PROFILE, Names

PROGRESS_EVERY = 1_000


def rebuild(
    conn: apsw.Connection,
    names: Names,
    catalog: Catalog,
    progress: Callable[[int], None] = lambda _done: None,
) -> int:
    """Make all typed rows anew; returns how many records were read.

    ``progress`` is told how many have been, now and then.
    """
    modules = collections(names)
    raw.clear_typed_rows(conn)
    search.clear(conn)
    done = 0
    for record in _records(conn):
        done += 1
        if done % PROGRESS_EVERY == 0:
            progress(done)
        module = modules.get(record.collection)
        if module is None:
            continue
        if record.collection != FOREIGN_PROFILE:
            raw.count(conn, record.actor)
        if record.value is None:
            continue
        value = cbor.decode_map(record.value)
        judgement = judge(catalog, names, record.collection, record.rkey, value)
        raw.set_judgement(conn, record.id, valid=judgement.valid, problems=judgement.as_json())
        if judgement.valid:
            sort_at = sort_key(value, record.first_seen)
            module.index(conn, Row(record.id, record.actor, record.active, sort_at), value)
    search.put_actors(conn)
    projection.renew(conn)
    return done


def _records(conn: apsw.Connection) -> Iterator[Stored]:
    """Every live record by its key, read in pages: indexing adds rows to the same table."""
    after = 0
    while page := raw.live_after(conn, after):
        yield from page
        after = page[-1].id
