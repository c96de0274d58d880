"""Rebuilding gives what applying gave, and mends what was wrong."""

from __future__ import annotations

import pytest

from indexer.rebuild import rebuild
from lexicons.catalog import Catalog
from lexicons.names import FOREIGN_PROFILE
from tests.indexer.authors import (
    NAMES,
    Author,
    Create,
    Delete,
    Index,
    comment,
    like,
    playlist,
    track,
)

T1 = "3kaaaaaaaaaa2"
CATALOG = Catalog.load()
AVATAR = {
    "$type": "blob",
    "ref": {"$link": "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"},
    "mimeType": "image/png",
    "size": 7,
}


def lived() -> Index:
    """An index that has seen some life: references, deletes, invalid and hidden things."""
    index, mira, ada, kenji = Index(), Author(0), Author(1), Author(2)
    subject = mira.subject(NAMES.track, T1)
    unseen = mira.subject(NAMES.track, "3kaaaaaaaaaz2")
    index.apply(
        ada.commit(
            Create(NAMES.like, like(subject)),
            Create(NAMES.like, like(subject)),
            Create(NAMES.comment, comment(unseen)),
            Create(NAMES.list, playlist([unseen, subject, subject])),
            Create(NAMES.track, track(title=""), "3kaaaaaaaaab2"),
        )
    )
    profile = {"displayName": "M", "avatar": AVATAR}
    index.apply(mira.commit(mira.track(), Create(FOREIGN_PROFILE, profile, "self")))
    index.apply(kenji.commit(kenji.track(), Create(NAMES.like, like(subject))))
    index.confirm(kenji.account(active=False, status="takendown"))
    index.apply(mira.commit(mira.track("3kaaaaaaaaac2")))
    index.apply(mira.commit(Delete(NAMES.track, "3kaaaaaaaaac2")))
    return index


def rebuilt(index: Index) -> list[tuple[object, ...]]:
    """The dump after a rebuild, with every typed row beside it."""
    index.conn.execute("BEGIN IMMEDIATE")
    rebuild(index.conn, NAMES, CATALOG)
    index.conn.execute("COMMIT")
    return everything(index)


def everything(index: Index) -> list[tuple[object, ...]]:
    """The dump and every typed row."""
    tables = (
        "tracks",
        "likes",
        "comments",
        "lists",
        "list_items",
        "profiles",
        "bsky_profiles",
        "blobs",
    )
    typed = [
        (table, *row)
        for table in tables
        for row in index.conn.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
    ]
    return [*index.dump(), *typed]


def test_a_rebuild_changes_nothing() -> None:
    """The index equals itself before and after, row by row."""
    index = lived()
    before = everything(index)
    assert rebuilt(index) == before


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE tracks SET title = 'x'",
        "DELETE FROM likes",
        "UPDATE counters SET likes = likes + 1",
        "UPDATE actors SET tracks = 7",
        "DELETE FROM list_items WHERE position = 1",
        "UPDATE records SET state = 'valid', problems = NULL WHERE state = 'invalid'",
        "UPDATE profiles SET bio = 'x'",
        "DELETE FROM blobs",
    ],
)
def test_a_rebuild_mends_what_is_wrong(damage: str) -> None:
    """Damage to a typed row or a counter is gone afterwards."""
    index = lived()
    before = everything(index)
    index.conn.execute(damage)
    assert rebuilt(index) == before
