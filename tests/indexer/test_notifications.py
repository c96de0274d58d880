"""What the owners of tracks are told, as records come, change and go."""

from __future__ import annotations

import pytest

from atp.syntax import AtUri
from indexer.rebuild import rebuild
from lexicons.catalog import Catalog
from tests.indexer.authors import (
    NAMES,
    START,
    Author,
    Create,
    Delete,
    Index,
    Update,
    comment,
    like,
    playlist,
    track,
)

T1, T2 = "3kaaaaaaaaaa2", "3kaaaaaaaaab2"
MIX = "3kaaaaaaaaam2"
CATALOG = Catalog.load()


def told(index: Index, to: Author) -> list[tuple[str, str, int]]:
    """Kind, rkey of the subject, and seconds since the start, of what an account is told."""
    return [
        (kind, subject, (at - START) // 1_000_000)
        for kind, subject, at in index.conn.execute(
            "SELECT n.kind, s.rkey, n.sort_at FROM notifications n"
            " JOIN records s ON s.id = n.subject JOIN actors o ON o.id = n.owner"
            " WHERE o.did = ? ORDER BY n.sort_at, n.kind, s.rkey",
            (to.did,),
        )
    ]


def kinds(index: Index, to: Author) -> list[str]:
    """The kinds alone."""
    return [kind for kind, _, _ in told(index, to)]


@pytest.mark.parametrize("late", [False, True])
def test_likes_and_comments(late: bool) -> None:
    """They are told whether the track is there or comes later; own ones never are."""
    index, mira, ada = Index(), Author(0), Author(1)
    subject = mira.subject(NAMES.track, T1)
    if not late:
        index.apply(mira.commit(mira.track(T1)))
    index.apply(ada.commit(Create(NAMES.like, like(subject), T1)))
    index.apply(ada.commit(Create(NAMES.comment, comment(subject))))
    if late:
        index.apply(mira.commit(mira.track(T1)))
    index.apply(mira.commit(Create(NAMES.like, like(subject))))
    assert kinds(index, mira) == ["comment", "like"]
    assert kinds(index, ada) == []
    index.apply(ada.commit(Delete(NAMES.like, T1)))
    assert kinds(index, mira) == ["comment"]


def test_features() -> None:
    """Each account that a track names by DID, however old the form, but the author."""
    index, mira, ada, kenji = Index(), Author(0), Author(1), Author(2)
    guests = [{"did": ada.did, "handle": "ada.test"}, {"did": mira.did}, {"did": ada.did}]
    index.apply(mira.commit(mira.track(T1, features=guests)))
    assert (kinds(index, mira), kinds(index, ada)) == ([], ["feature"])
    index.apply(mira.commit(Update(NAMES.track, T1, track(features=[{"did": kenji.did}]))))
    assert (kinds(index, ada), kinds(index, kenji)) == ([], ["feature"])
    index.apply(mira.commit(Delete(NAMES.track, T1)))
    assert kinds(index, kenji) == []


def test_a_list_tells_once_of_each_addition() -> None:
    """What it holds at first from its own time, what is added later from the commit's."""
    index, mira, ada = Index(now=START), Author(0), Author(1)
    one, two = mira.subject(NAMES.track, T1), mira.subject(NAMES.track, T2)
    index.now = ada.now + 2_000_000
    index.apply(ada.commit(Create(NAMES.list, playlist([], createdAt="2025-06-15T12:00:00Z"), MIX)))
    assert told(index, mira) == []
    ada.now += 60_000_000
    index.apply(ada.commit(Update(NAMES.list, MIX, playlist([one, one]))))
    (first,) = told(index, mira)
    ada.now += 60_000_000
    index.apply(ada.commit(Update(NAMES.list, MIX, playlist([two, one], name="other"))))
    assert told(index, mira) == [first, ("list", T2, first[2] + 61)]
    index.apply(ada.commit(Update(NAMES.list, MIX, playlist([two]))))
    assert told(index, mira) == [("list", T2, first[2] + 61)]
    ada.now += 60_000_000
    index.apply(ada.commit(Update(NAMES.list, MIX, playlist([two, one]))))
    assert [one[:2] for one in told(index, mira)] == [("list", T2), ("list", T1)]
    index.apply(ada.commit(Delete(NAMES.list, MIX)))
    assert told(index, mira) == []
    assert index.one("SELECT count(*) FROM list_adds") == 0


def test_an_album_is_one_notification() -> None:
    """Of several tracks taken up at once the first is named."""
    index, mira, ada = Index(), Author(0), Author(1)
    subjects = [mira.subject(NAMES.track, rkey) for rkey in (T2, T1)]
    index.apply(ada.commit(Create(NAMES.list, playlist(subjects))))
    assert [each[:2] for each in told(index, mira)] == [("list", T2)]


def test_a_deleted_account_tells_nothing() -> None:
    """All that it did is taken back; what was done to it waits for its return."""
    index, mira, ada = Index(), Author(0), Author(1)
    subject = mira.subject(NAMES.track, T1)
    index.apply(mira.commit(mira.track(T1)))
    index.apply(
        ada.commit(
            Create(NAMES.like, like(subject)),
            Create(NAMES.comment, comment(subject)),
            Create(NAMES.list, playlist([subject])),
            ada.track(T1, features=[{"did": mira.did}]),
        )
    )
    assert sorted(kinds(index, mira)) == ["comment", "feature", "like", "list"]
    index.confirm(ada.account(active=False, status="deleted"))
    assert kinds(index, mira) == []
    assert index.one("SELECT count(*) FROM list_adds") == 0


def test_a_rebuild_tells_the_same() -> None:
    """Also of what was added to a list when."""
    index, mira, ada = Index(now=START), Author(0), Author(1)
    one, two = mira.subject(NAMES.track, T1), mira.subject(NAMES.track, T2)
    index.now = ada.now + 2_000_000
    index.apply(ada.commit(Create(NAMES.list, playlist([one]), MIX), Create(NAMES.like, like(two))))
    ada.now += 60_000_000
    index.apply(ada.commit(Update(NAMES.list, MIX, playlist([one, two]))))
    index.apply(ada.commit(ada.track(T1, features=[{"did": mira.did}])))
    before = told(index, mira)
    assert len(before) == 4
    index.conn.execute("DELETE FROM notifications")
    with index.transaction():
        rebuild(index.conn, NAMES, CATALOG)
    assert told(index, mira) == before


def test_a_subject_that_is_no_track_is_no_harm() -> None:
    """It is kept, as anything that has not come, and its reader leaves it out."""
    index, mira, ada = Index(), Author(0), Author(1)
    subject = mira.subject(NAMES.list, MIX)
    index.apply(ada.commit(Create(NAMES.like, like(subject))))
    assert kinds(index, mira) == ["like"]
    assert AtUri(subject["uri"]).rkey == MIX
