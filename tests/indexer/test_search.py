"""The search index follows the records, handles and likes of the network."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from atp.syntax import Handle
from indexer.schema import Kind
from indexer.store import handles, search
from lexicons.names import FOREIGN_PROFILE
from tests.indexer.authors import (
    NAMES,
    Author,
    Create,
    Delete,
    Index,
    Update,
    like,
    playlist,
    track,
)

T1 = "3kaaaaaaaaaa2"


def texts(index: Index, kind: Kind) -> list[tuple[object, ...]]:
    """The folded texts of every document of a kind, best known first."""
    return list(
        index.conn.execute(
            "SELECT name, also FROM search_entries WHERE kind = ? ORDER BY doc DESC", (kind,)
        )
    )


def vocabulary(index: Index) -> dict[tuple[int, str], int]:
    """The words of each kind, and how many documents have them."""
    return {
        (kind, word): uses
        for kind, word, uses in index.conn.execute("SELECT kind, word, uses FROM search_words")
    }


def check(index: Index) -> None:
    """The words and both full-text tables are what the documents say."""
    counted: dict[tuple[int, str], int] = {}
    terms = set()
    for doc, kind, name, also in index.conn.execute(
        "SELECT doc, kind, name, also FROM search_entries"
    ):
        for word in set(f"{name} {also}".split()):
            counted[kind, word] = counted.get((kind, word), 0) + 1
            terms.add((doc, word))
    assert vocabulary(index) == counted
    assert _terms(index, "search_text") == terms
    ids = dict(index.conn.execute("SELECT id, word FROM search_words"))
    assert _terms(index, "search_infixes") == {
        (key, word[at : at + 3])
        for key, word in ids.items()
        if len(word) > 3
        for at in range(len(word) - 2)
    }
    index.conn.execute(
        "INSERT INTO search_text (search_text, rank) VALUES ('integrity-check', 1);"
        "INSERT INTO search_infixes (search_infixes) VALUES ('integrity-check')"
    )


def _terms(index: Index, table: str) -> set[tuple[object, ...]]:
    index.conn.execute(
        f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms_{table}"
        f" USING fts5vocab (main, {table}, instance)"
    )
    return set(index.conn.execute(f"SELECT doc, term FROM temp.terms_{table}"))


def test_tracks_and_lists() -> None:
    """Titles, artists, albums and names are found as they are now, and not when deleted."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track(T1, title="Naïve", artist="Mira", album="Old “One”")))
    index.apply(mira.commit(Create(NAMES.list, playlist([], name="My Mix"), T1)))
    assert texts(index, Kind.TRACK) == [("naive", "mira old one")]
    assert texts(index, Kind.LIST) == [("my mix", "")]
    check(index)
    index.apply(mira.commit(Update(NAMES.track, T1, track(title="New", artist="Mira"))))
    assert texts(index, Kind.TRACK) == [("new", "mira")]
    check(index)
    index.apply(mira.commit(Delete(NAMES.track, T1), Delete(NAMES.list, T1)))
    assert texts(index, Kind.TRACK) == texts(index, Kind.LIST) == []
    assert vocabulary(index) == {}
    check(index)


def test_accounts() -> None:
    """An account goes by display name, handle and the beginning of its bio, whichever there are."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track(T1)))
    assert texts(index, Kind.ACTOR) == []
    with index.transaction():
        assert handles.store(index.conn, mira.did, Handle("mira.test"), None, index.now)
    assert texts(index, Kind.ACTOR) == [("mira test", "mira test")]
    bio = " ".join(f"word{number}" for number in range(search.BIO_WORDS + 5))
    index.apply(
        mira.commit(
            Create(FOREIGN_PROFILE, {"displayName": "Mira Solé"}, "self"),
            Create(NAMES.profile, {"bio": bio, "createdAt": "2025-01-01T00:00:00Z"}, "self"),
        )
    )
    ((name, also),) = texts(index, Kind.ACTOR)
    assert name == "mira sole"
    assert str(also).split() == ["mira", "test", *bio.split()[: search.BIO_WORDS]]
    check(index)
    with index.transaction():
        assert handles.store(index.conn, mira.did, Handle.INVALID, None, index.now)
        assert not handles.store(index.conn, mira.did, Handle.INVALID, None, index.now)
    index.apply(mira.commit(Delete(NAMES.profile, "self")))
    assert texts(index, Kind.ACTOR) == [("mira sole", "")]
    index.apply(mira.commit(Delete(FOREIGN_PROFILE, "self")))
    assert texts(index, Kind.ACTOR) == []
    check(index)


def test_a_deleted_account_leaves_nothing() -> None:
    """Nothing of it is found, by any word."""
    index, mira = Index(), Author(0)
    index.apply(
        mira.commit(
            mira.track(T1),
            Create(NAMES.list, playlist([]), T1),
            Create(FOREIGN_PROFILE, {"displayName": "Mira"}, "self"),
        )
    )
    with index.transaction():
        handles.store(index.conn, mira.did, Handle("mira.test"), None, index.now)
    index.confirm(mira.account(active=False, status="deleted"))
    assert index.conn.execute("SELECT count(*) FROM search_entries").get == 0
    assert vocabulary(index) == {}
    check(index)


def standings(index: Index) -> list[int]:
    """The standing of every track, by key."""
    return [
        int(found)
        for (found,) in index.conn.execute(
            "SELECT (doc >> 52) & 255 FROM search_entries WHERE kind = 1 ORDER BY key"
        )
    ]


def test_standing_follows_likes() -> None:
    """A track rises with its likes, falls with them, and neither way before the next step."""
    index, mira, fans = Index(), Author(0), [Author(number) for number in range(1, 10)]
    subject = mira.subject(NAMES.track, T1)

    def liked(by: Iterable[Author]) -> list[int]:
        for fan in by:
            index.apply(fan.commit(Create(NAMES.like, like(subject), T1)))
        return standings(index)

    index.apply(mira.commit(mira.track(T1), mira.track("3kaaaaaaaaab2")))
    assert liked(fans[:7]) == [0, 0]
    assert liked(fans[7:8]) == [1, 0]
    check(index)
    index.apply(fans[0].commit(Delete(NAMES.like, T1)))
    assert standings(index) == [0, 0]
    assert liked(fans[8:]) == [1, 0]
    index.confirm(fans[1].account(active=False, status="takendown"))
    assert standings(index) == [0, 0]
    index.confirm(fans[1].account(active=True))
    assert standings(index) == [1, 0]
    index.apply(mira.commit(Update(NAMES.track, T1, track(title="Anew"))))
    assert standings(index) == [1, 0]
    check(index)


def test_likes_may_come_first() -> None:
    """A track that arrives when it is liked already has its standing at once."""
    index, mira = Index(), Author(0)
    for number in range(1, 9):
        fan = Author(number)
        subject = mira.subject(NAMES.track, T1)
        index.apply(fan.commit(Create(NAMES.like, like(subject), T1)))
    index.apply(mira.commit(mira.track(T1)))
    assert standings(index) == [1]
    check(index)


@pytest.mark.parametrize("kind", list(Kind))
def test_numbers_of_documents(kind: Kind) -> None:
    """A document's number tells its kind and key, stays in the kind's range, and orders."""
    first, last = kind.docs
    numbers = [kind.doc(standing, key) for standing in (0, 1, 5) for key in (1, 2**40)]
    assert numbers == sorted(numbers)
    assert all(first <= number <= last for number in numbers)
    assert [Kind.split(number) for number in numbers] == [(kind, 1), (kind, 2**40)] * 3
