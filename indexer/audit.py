"""Auditing what is derived: typed rows and counters against the raw records they come from.

Reads only. The shadow holds one moment of the live index (one read transaction), so it can run
beside the writer.
"""

from __future__ import annotations

from pathlib import Path

from indexer import schema
from indexer.rebuild import rebuild
from indexer.store.shadow import Wrong, differences, shadow
from lexicons.catalog import Catalog
from lexicons.names import Names


def derived(path: Path, names: Names, catalog: Catalog) -> list[Wrong]:
    """Every typed row and counter of the index at ``path`` that its raw records contradict."""
    with shadow(path, schema.migrations()) as conn:
        rebuild(conn, names, catalog)
        return differences(conn)
