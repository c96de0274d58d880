"""Account status: who is shown, and that all of it comes back exactly."""

from __future__ import annotations

import pytest

from indexer.reasons import Drop
from indexer.store import repos, resync, rows
from indexer.store.repos import Desync
from tests.indexer.authors import NAMES, Author, Create, Index, comment, like, playlist

T1 = "3kaaaaaaaaaa2"


def scene() -> tuple[Index, Author, Author]:
    """A track by one author with everything another can give it."""
    index, mira, ada = Index(), Author(0), Author(1)
    index.apply(mira.commit(mira.track()))
    subject = mira.subject(NAMES.track, T1)
    index.apply(
        ada.commit(
            Create(NAMES.like, like(subject)),
            Create(NAMES.comment, comment(subject)),
            Create(NAMES.list, playlist([subject])),
        )
    )
    return index, mira, ada


@pytest.mark.parametrize("status", ["deactivated", "takendown", "suspended", "unheard-of", None])
def test_an_inactive_account_is_hidden_and_comes_back_exactly(status: str | None) -> None:
    """Its records leave and its reactions stop counting; reactivation restores both."""
    index, mira, ada = scene()
    before = index.dump()
    index.apply(ada.account(active=False, status=status))
    assert index.counts(mira.uri(NAMES.track, T1)) == (0, 0, 0)
    assert sum(index.shown().values()) == 1
    index.apply(ada.account(active=False, status=status))
    index.apply(ada.account(active=True))
    assert index.dump() == before


@pytest.mark.parametrize("status", ["desynchronized", "throttled"])
def test_a_status_does_not_hide_what_is_active(status: str) -> None:
    """Visibility follows `active`; the status only refines it."""
    index, _, ada = scene()
    before = index.dump()
    index.apply(ada.account(active=True, status=status))
    assert index.dump() == before


def test_writes_of_a_hidden_account_wait_for_its_return() -> None:
    """They are applied, count for nobody while it is hidden, and count afterwards."""
    index, mira, ada = scene()
    index.apply(ada.account(active=False, status="deactivated"))
    second = mira.subject(NAMES.track, "3kaaaaaaaaab2")
    index.apply(ada.commit(Create(NAMES.like, like(second))))
    uri = mira.uri(NAMES.track, "3kaaaaaaaaab2")
    assert index.counts(uri) == (0, 0, 0)
    index.apply(ada.account(active=True))
    assert index.counts(uri) == (1, 0, 0)


def test_a_deleted_account_is_purged() -> None:
    """No value of it stays, its reactions are gone, and its repo must be fetched if it returns."""
    index, mira, ada = scene()
    index.apply(ada.account(active=False, status="deleted"))
    assert index.counts(mira.uri(NAMES.track, T1)) == (0, 0, 0)
    assert list(index.shown()) == [mira.uri(NAMES.track, T1)]
    assert index.one("SELECT count(*) FROM records WHERE value IS NOT NULL") == 1
    actor = rows.find_actor(index.conn, ada.did)
    assert actor is not None
    repo = repos.find(index.conn, actor.id)
    assert repo is not None
    assert repo.reason is Desync.ACCOUNT_DELETED
    late = index.apply(ada.commit(Create(NAMES.like, like(mira.subject(NAMES.track, T1)))))
    assert late.reason is Drop.ACCOUNT_DELETED


def test_others_references_to_a_deleted_account_stay() -> None:
    """A track of a deleted account keeps its counts waiting, should it return."""
    index, mira, _ = scene()
    index.apply(mira.account(active=False, status="deleted"))
    assert index.counts(mira.uri(NAMES.track, T1)) == (1, 1, 1)
    assert index.one("SELECT count(*) FROM tracks") == 0


def test_a_stranger_s_status_leaves_no_trace() -> None:
    """We keep nothing about accounts that we hold nothing of."""
    index, mira = Index(), Author(0)
    index.apply(mira.account(active=False, status="deleted"))
    assert index.one("SELECT count(*) FROM actors") == 0


def test_an_identity_event_only_asks_for_a_look_up() -> None:
    """The event proves nothing: the handle is due again, not changed."""
    index, mira, _ = scene()
    index.conn.execute("UPDATE actors SET handle = 'mira.test', handle_due = ?", (2**60,))
    index.apply(mira.identity())
    row = index.conn.execute(
        "SELECT handle, handle_due FROM actors WHERE did = ?", (mira.did,)
    ).fetchone()
    assert row == ("mira.test", index.now)


def test_a_repo_of_a_returned_account_is_fetched_at_once() -> None:
    """What was purged with a deleted account comes back as soon as the account does."""
    index, _, ada = scene()
    index.apply(ada.account(active=False, status="deleted"))
    index.conn.execute("UPDATE repos SET due_at = ?", (2**60,))
    assert resync.claim(index.conn, index.now, 9, []) == []
    index.apply(ada.account(active=True))
    assert [claim.did for claim in resync.claim(index.conn, index.now, 9, [])] == [ada.did]
