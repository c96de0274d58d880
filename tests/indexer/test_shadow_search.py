"""The audit of the search index: it names whatever cannot be found as it should."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from indexer.audit import derived
from indexer.rebuild import rebuild
from indexer.store.shadow import Wrong
from lexicons.catalog import Catalog
from lexicons.names import Names
from tests.indexer.authors import NAMES, Author
from tests.indexer.test_audit import TRACK, stored

CATALOG = Catalog.load()
FIRST = "(SELECT min(doc) FROM search_entries)"
DAMAGES = [
    (
        f"UPDATE search_entries SET sort_at = sort_at + 1 WHERE doc = {FIRST}",
        "search_entries",
        TRACK,
    ),
    (f"DELETE FROM search_entries WHERE doc = {FIRST}", "search_text", TRACK),
    (
        (
            "INSERT INTO search_text (search_text, rowid, name, also)"
            f" SELECT 'delete', doc, name, also FROM search_entries WHERE doc = {FIRST}"
        ),
        "search_text",
        TRACK,
    ),
    (
        f"INSERT INTO search_text (rowid, name, also) VALUES ({FIRST}, 'lie', '')",
        "search_text",
        TRACK,
    ),
    ("INSERT INTO search_text (search_text) VALUES ('delete-all')", "search_text", TRACK),
    ("UPDATE search_words SET uses = uses + 1 WHERE word = 'harbour'", "search_words", "harbour"),
    (
        (
            "INSERT INTO search_infixes (search_infixes, rowid, word)"
            " SELECT 'delete', id, word FROM search_words WHERE word = 'harbour'"
        ),
        "search_infixes",
        "harbour",
    ),
    ("DELETE FROM search_entries WHERE kind = 2", "search_entries", Author(0).did),
]


@pytest.mark.parametrize(("damage", "table", "subject"), DAMAGES)
def test_what_is_wrong_is_named_and_healed(
    tmp_path: Path, damage: str, table: str, subject: str
) -> None:
    """One wrong row of any of its tables is a finding, and a rebuild mends it."""
    path = stored(tmp_path)
    conn = apsw.Connection(str(path))
    conn.execute(damage)
    conn.close()
    assert Wrong(table, subject) in derived(path, NAMES, CATALOG)
    conn = apsw.Connection(str(path))
    conn.execute("BEGIN IMMEDIATE")
    rebuild(conn, Names(), CATALOG)
    conn.execute("COMMIT")
    conn.close()
    assert derived(path, NAMES, CATALOG) == []
