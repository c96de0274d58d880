"""What authors say of their tracks, beside the tracks."""

from __future__ import annotations

from typing import Any

from indexer.rebuild import rebuild
from lexicons.catalog import Catalog
from tests.indexer.authors import NAMES, Author, Create, Delete, Index, Update, track

RKEY = "3kaaaaaaaaaa2"


def labelled(*values: str) -> dict[str, Any]:
    """A track whose author gives it these labels."""
    labels = {
        "$type": "com.atproto.label.defs#selfLabels",
        "values": [{"val": value} for value in values],
    }
    return track(labels=labels)


def stored(index: Index) -> list[str]:
    """The names that are stored, of all tracks."""
    return [val for (val,) in index.conn.execute("SELECT val FROM self_labels ORDER BY val")]


def test_follow_their_record() -> None:
    """Each name once, as the newest version has them; gone with the track, made anew by rebuild."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(Create(NAMES.track, labelled("sexual", "nudity", "sexual"), RKEY)))
    assert stored(index) == ["nudity", "sexual"]
    index.apply(mira.commit(Update(NAMES.track, RKEY, labelled("porn"))))
    assert stored(index) == ["porn"]
    index.conn.execute("UPDATE self_labels SET val = 'wrong'")
    with index.transaction():
        rebuild(index.conn, NAMES, Catalog.load())
    assert stored(index) == ["porn"]
    index.apply(mira.commit(Delete(NAMES.track, RKEY)))
    assert stored(index) == []


def test_a_deleted_account_leaves_none() -> None:
    """They are purged with its tracks."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(Create(NAMES.track, labelled("porn"), RKEY)))
    index.confirm(mira.account(active=False, status="deleted"))
    assert stored(index) == []
