"""The audit of derived rows: silent on a sound index, and it names what is wrong."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from indexer import schema
from indexer.audit import derived
from indexer.store.shadow import Wrong
from lexicons.catalog import Catalog
from tests.indexer.authors import NAMES, Author
from tests.indexer.test_rebuild import T1, lived

CATALOG = Catalog.load()
TRACK = Author(0).uri(NAMES.track, T1)


def stored(folder: Path) -> Path:
    """The index that has lived, as a file."""
    path = folder / schema.FILE
    lived().conn.execute("VACUUM INTO ?", (str(path),))
    return path


def test_a_sound_index_has_nothing_wrong(tmp_path: Path) -> None:
    """What applying gave is what the raw records say."""
    assert derived(stored(tmp_path), NAMES, CATALOG) == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            f"UPDATE tracks SET title = 'x' WHERE record = (SELECT id FROM records WHERE rkey = '{T1}' AND actor = (SELECT id FROM actors WHERE did = '{Author(0).did}'))",
            Wrong("tracks", TRACK),
        ),
        ("UPDATE counters SET likes = 7 WHERE likes = 1", Wrong("counters", TRACK)),
        (
            f"UPDATE actors SET tracks = 9 WHERE did = '{Author(0).did}'",
            Wrong("actors", Author(0).did),
        ),
        (
            "DELETE FROM bsky_profiles",
            Wrong("bsky_profiles", f"at://{Author(0).did}/app.bsky.actor.profile/self"),
        ),
        (
            "UPDATE blobs SET mime_type = 'text/html'",
            Wrong("blobs", f"at://{Author(0).did}/app.bsky.actor.profile/self"),
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, damage: str, found: Wrong) -> None:
    """One altered row is one finding, with its table and what it is about."""
    path = stored(tmp_path)
    conn = apsw.Connection(str(path))
    conn.execute(damage)
    assert conn.changes() == 1
    conn.close()
    assert derived(path, NAMES, CATALOG) == [found]


def test_a_typed_row_without_its_raw_record_is_named(tmp_path: Path) -> None:
    """A raw row that is gone leaves its typed rows behind, and that shows."""
    path = stored(tmp_path)
    conn = apsw.Connection(str(path))
    conn.execute(
        "DELETE FROM records WHERE id = (SELECT record FROM tracks ORDER BY record LIMIT 1)"
    )
    conn.close()
    wrong = derived(path, NAMES, CATALOG)
    assert any(one.table == "tracks" for one in wrong)


def test_auditing_changes_nothing(tmp_path: Path) -> None:
    """The live file is only read."""
    path = stored(tmp_path)
    before = path.read_bytes()
    derived(path, NAMES, CATALOG)
    assert path.read_bytes() == before
