"""Account status: who is shown, and that all of it comes back exactly."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atp import cbor
from atp.datetime import Datetime
from atp.runtime import eventlog
from indexer import accounts
from indexer.hosting import Answer, Reply
from indexer.reasons import Drop
from indexer.records import collections
from indexer.store import handles, repos, resync, rows, statuses
from indexer.store.repos import Desync
from indexer.verdict import Verdict
from tests.indexer.authors import (
    NAMES,
    SOURCE,
    START,
    WHEN,
    Author,
    Create,
    Delete,
    Index,
    comment,
    like,
    playlist,
)

T1 = "3kaaaaaaaaaa2"
NO_HOST = Reply(Answer.HOST_UNAVAILABLE)
NOT_FOUND = Reply(Answer.NOT_FOUND)
ACTIVE = Reply(Answer.ACTIVE)


def scene() -> tuple[Index, Author, Author]:
    """A track by one author with everything another can give it, a list that names it twice."""
    index, mira, ada = Index(), Author(0), Author(1)
    index.apply(mira.commit(mira.track()))
    subject = mira.subject(NAMES.track, T1)
    index.apply(
        ada.commit(
            Create(NAMES.like, like(subject)),
            Create(NAMES.comment, comment(subject)),
            Create(NAMES.list, playlist([subject, subject])),
        )
    )
    return index, mira, ada


def doubt(index: Index, author: Author) -> None:
    """Put an account in doubt."""
    with index.transaction():
        statuses.doubt(index.conn, rows.actor(index.conn, author.did).id, index.now)


def row(index: Index, author: Author) -> dict[str, object]:
    """What is stored of an account's status."""
    cursor = index.conn.execute(
        "SELECT s.* FROM statuses s JOIN actors a ON a.id = s.actor WHERE a.did = ?",
        (author.did,),
    )
    names = [name for name, *_ in cursor.get_description()]
    return dict(zip(names, cursor.fetchall()[0], strict=True))


def told(index: Index) -> list[dict[str, cbor.Value]]:
    """The log's entries about accounts."""
    entries = eventlog.read_after(index.conn, 0, 1_000)
    return [cbor.decode_map(payload) for _, kind, payload in entries if kind == "account"]


def hidden(index: Index, author: Author) -> bool:
    """Whether nothing of an account is shown."""
    return not any(shown for uri, shown in index.shown().items() if author.did in uri)


def test_an_event_alone_changes_nothing_that_is_shown() -> None:
    """It is remembered with its source, and the question is due at once."""
    index, _, ada = scene()
    before = index.dump()
    index.apply(ada.account(active=False, status="takendown"))
    assert index.dump() == before
    assert told(index) == []
    stored = row(index, ada)
    assert (stored["told_active"], stored["told_status"]) == (0, "takendown")
    assert (stored["told_at"], stored["told_by"]) == (Datetime.parse(WHEN).micros(), SOURCE)
    assert (stored["due_at"], stored["answer"]) == (index.now, None)


@pytest.mark.parametrize("status", ["deactivated", "takendown", "suspended", "unheard-of", None])
def test_an_inactive_account_is_hidden_and_comes_back_exactly(status: str | None) -> None:
    """Its records leave and its reactions stop counting; reactivation restores both."""
    index, mira, ada = scene()
    before = index.dump()
    index.confirm(ada.account(active=False, status=status))
    assert index.counts(mira.uri(NAMES.track, T1)) == (0, 0, 0)
    assert sum(index.shown().values()) == 1
    index.confirm(ada.account(active=False, status=status))
    index.confirm(ada.account(active=True))
    assert index.dump() == before
    shape = {"status": status} if status else {}
    assert told(index) == [
        {"did": ada.did, "active": False, **shape},
        {"did": ada.did, "active": True},
    ]


@pytest.mark.parametrize("status", ["desynchronized", "throttled"])
def test_a_status_does_not_hide_what_is_active(status: str) -> None:
    """Visibility follows `active`; the status only refines it."""
    index, _, ada = scene()
    before = index.dump()
    index.confirm(ada.account(active=True, status=status))
    assert index.dump() == before


def test_writes_of_a_hidden_account_wait_for_its_return() -> None:
    """They are applied, count for nobody while it is hidden, and count afterwards."""
    index, mira, ada = scene()
    index.confirm(ada.account(active=False, status="deactivated"))
    second = mira.subject(NAMES.track, "3kaaaaaaaaab2")
    index.apply(ada.commit(Create(NAMES.like, like(second))))
    uri = mira.uri(NAMES.track, "3kaaaaaaaaab2")
    assert index.counts(uri) == (0, 0, 0)
    index.confirm(ada.account(active=True))
    assert index.counts(uri) == (1, 0, 0)


def test_a_hidden_account_that_writes_is_asked_about() -> None:
    """Its return may have been missed; not more often than once a minute."""
    index, mira, ada = scene()
    index.confirm(ada.account(active=False, status="deactivated"))
    asked = index.now
    for _ in range(3):
        index.apply(ada.commit(Create(NAMES.like, like(mira.subject(NAMES.track, T1)))))
        assert row(index, ada)["due_at"] == asked + statuses.DOUBT_SPACING


def test_a_deleted_account_is_purged() -> None:
    """No value of it stays, its reactions are gone, and its repo must be fetched if it returns."""
    index, mira, ada = scene()
    index.confirm(ada.account(active=False, status="deleted"))
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


@pytest.mark.parametrize("reply", [NOT_FOUND, Reply(Answer.TOMBSTONED)])
def test_a_deletion_that_the_pds_bears_out_purges(reply: Reply) -> None:
    """Told deleted, and the PDS or the directory knows it no more."""
    index, _, ada = scene()
    index.apply(ada.account(active=False, status="deleted"))
    index.answer(ada.did, reply)
    assert not any(ada.did in uri for uri in index.shown())
    assert (row(index, ada)["purged"], row(index, ada)["due_at"]) == (1, None)


def test_a_deletion_without_an_answer_hides_and_keeps() -> None:
    """It comes back exactly if the PDS calls it active, and is purged once the PDS bears it out."""
    index, _, ada = scene()
    before = index.dump()
    index.apply(ada.account(active=False, status="deleted"))
    index.answer(ada.did, NO_HOST)
    assert hidden(index, ada)
    assert len(index.shown()) == 4
    late = index.apply(ada.commit(Create(NAMES.track, {}, T1)))
    assert late.verdict is Verdict.APPLIED
    index.apply(ada.commit(Delete(NAMES.track, T1)))
    assert index.answer(ada.did, ACTIVE)
    assert index.dump() == before
    index.apply(ada.account(active=False, status="deleted", time=later(1)))
    index.answer(ada.did, NO_HOST)
    index.answer(ada.did, NOT_FOUND)
    assert len(index.shown()) == 1


def later(seconds: int) -> str:
    """A time after `WHEN`."""
    return Datetime.from_micros(Datetime.parse(WHEN).micros() + seconds * 1_000_000)


def test_an_account_that_is_not_found_but_not_told_deleted_keeps_everything() -> None:
    """In doubt or told inactive it is hidden, and comes back exactly."""
    index, _, ada = scene()
    before = index.dump()
    doubt(index, ada)
    index.answer(ada.did, NOT_FOUND)
    assert hidden(index, ada)
    assert index.one("SELECT upstream_status FROM actors WHERE did = ?", ada.did) == "not_found"
    index.answer(ada.did, ACTIVE)
    assert index.dump() == before
    index.apply(ada.account(active=False, status="suspended"))
    index.answer(ada.did, NOT_FOUND)
    assert hidden(index, ada)
    assert index.one("SELECT upstream_status FROM actors WHERE did = ?", ada.did) == "suspended"
    index.confirm(ada.account(active=True))
    assert index.dump() == before


def test_what_was_told_is_settled_by_a_statement() -> None:
    """A deletion that the PDS denied purges nothing when the PDS later does not know the account."""
    index, _, ada = scene()
    before = index.dump()
    index.apply(ada.account(active=False, status="deleted"))
    index.answer(ada.did, ACTIVE)
    doubt(index, ada)
    index.answer(ada.did, NOT_FOUND)
    index.answer(ada.did, ACTIVE)
    assert index.dump() == before


def test_an_older_event_is_a_replay() -> None:
    """What was told last stays, whatever comes again; the account is asked about all the same."""
    index, _, ada = scene()
    index.confirm(ada.account(active=True, time=later(9)))
    before = row(index, ada)
    applied = index.apply(ada.account(active=False, status="deleted", time=later(8)))
    assert applied.verdict is Verdict.REPLAYED
    assert row(index, ada) == before | {"due_at": index.now - 1 + statuses.DOUBT_SPACING}
    repeated = index.apply(ada.account(active=True, time=later(9)))
    assert repeated.verdict is Verdict.REPLAYED


def test_an_event_from_the_future_is_one_of_now() -> None:
    """It cannot make what comes after it a replay; a time that is none counts as now, too."""
    index, _, ada = scene()
    for time in ("2999-01-01T00:00:00Z", "soon"):
        index.apply(ada.account(active=False, time=time))
        assert row(index, ada)["told_at"] == index.now
    now = Datetime.from_micros(index.now + 1_000)
    index.now += 2_000
    assert index.apply(ada.account(active=True, time=now)).verdict is Verdict.APPLIED
    assert row(index, ada)["told_active"] == 1


def test_what_is_told_during_the_question_is_asked_about_again() -> None:
    """The answer holds, but settles nothing that was told after it was asked for."""
    index, _, ada = scene()
    index.apply(ada.account(active=True))
    actor = rows.actor(index.conn, ada.did)
    question = statuses.find(index.conn, actor.id)
    assert question is not None
    index.apply(ada.account(active=False, status="takendown", time=later(1)))
    due = row(index, ada)["due_at"]
    with index.transaction():
        accounts.apply_reply(
            index.conn, question, ACTIVE, collections(NAMES).values(), now=index.now, jitter=1
        )
    stored = row(index, ada)
    assert (stored["settled"], stored["due_at"], stored["answer"]) == (0, due, "active")
    assert not hidden(index, ada)


def test_questions_without_an_answer_grow_rare_until_something_is_told() -> None:
    """Each waits longer than the one before; an event begins anew."""
    index, _, ada = scene()
    index.apply(ada.account(active=False, status="takendown"))
    waits = []
    for _ in range(4):
        index.answer(ada.did, NO_HOST)
        waits.append(int(str(row(index, ada)["due_at"])) - index.now)
    assert waits == [minutes * 60_000_000 for minutes in (1, 2, 4, 8)]
    asked = index.now
    index.apply(ada.account(active=False, status="suspended", time=later(1)))
    assert row(index, ada)["due_at"] == asked + statuses.SPACING
    assert row(index, ada)["attempts"] == 0


def test_others_references_to_a_deleted_account_stay() -> None:
    """A track of a deleted account keeps its counts waiting, should it return."""
    index, mira, _ = scene()
    index.confirm(mira.account(active=False, status="deleted"))
    assert index.counts(mira.uri(NAMES.track, T1)) == (1, 1, 1)
    assert index.one("SELECT count(*) FROM tracks") == 0


def test_a_stranger_s_status_leaves_no_trace() -> None:
    """We keep nothing about accounts that we hold nothing of."""
    index, mira = Index(), Author(0)
    index.apply(mira.account(active=False, status="deleted"))
    assert index.one("SELECT count(*) FROM actors") == 0
    assert index.one("SELECT count(*) FROM statuses") == 0


def test_an_identity_event_only_asks_for_a_look_up() -> None:
    """The event proves nothing: the handle is due again, not changed."""
    index, mira, _ = scene()
    index.conn.execute("UPDATE actors SET handle = 'mira.test', handle_due = ?", (2**60,))
    index.apply(mira.identity())
    found = index.conn.execute(
        "SELECT handle, handle_due FROM actors WHERE did = ?", (mira.did,)
    ).fetchone()
    assert found == ("mira.test", index.now)


def test_a_repo_of_a_returned_account_is_fetched_at_once() -> None:
    """What was purged with a deleted account comes back as soon as the account does."""
    index, _, ada = scene()
    index.confirm(ada.account(active=False, status="deleted"))
    index.conn.execute("UPDATE repos SET due_at = ?", (2**60,))
    assert resync.claim(index.conn, index.now, 9, []) == []
    index.confirm(ada.account(active=True))
    assert [claim.did for claim in resync.claim(index.conn, index.now, 9, [])] == [ada.did]


STATUSES = [None, "deactivated", "takendown", "deleted", "x"]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_whatever_is_told_and_answered_in_whatever_order(data: st.DataObject) -> None:
    """Counters equal a recount after each step, and only what is confirmed is hidden or purged.

    An account whose PDS was the last to speak is shown as that said; one that came back without
    having been purged is as if nothing had happened to it.
    """
    authors = [Author(n) for n in range(3)]
    index, plain = Index(), Index()
    subject = authors[0].subject(NAMES.track, T1)
    purged: set[str] = set()
    for author, time in zip(authors * 6, itertools.count(1), strict=False):
        match data.draw(st.sampled_from(["write", "tell", "doubt", "answer", "answer"])):
            case "write":
                made = author.commit(
                    Create(NAMES.like, like(subject)), Create(NAMES.comment, comment(subject))
                )
                index.apply(made)
                plain.apply(made)
            case "tell":
                status = data.draw(st.sampled_from(STATUSES))
                active = status is None and data.draw(st.booleans())
                index.apply(author.account(active=active, status=status, time=later(time)))
            case "doubt" if rows.find_actor(index.conn, author.did):
                doubt(index, author)
            case "answer" if index.one(
                "SELECT 1 FROM statuses s JOIN actors a ON a.id = s.actor WHERE did = ?",
                author.did,
            ):
                reply = Reply(
                    data.draw(st.sampled_from(Answer)), data.draw(st.sampled_from(STATUSES))
                )
                index.answer(author.did, reply)
                if row(index, author)["purged"]:
                    purged.add(author.did)
                if reply.answer is Answer.ACTIVE:
                    assert row(index, author)["purged"] == 0
                    assert all(on for uri, on in index.shown().items() if author.did in uri)
                if reply.answer is Answer.INACTIVE:
                    assert hidden(index, author)
    for author in authors:
        if rows.find_actor(index.conn, author.did) is not None:
            index.confirm(author.account(active=True, time=later(99)))
    if not purged:
        assert index.dump() == plain.dump()
    held = {uri for uri in index.shown() if not any(did in uri for did in purged)}
    assert held == {uri for uri in plain.shown() if not any(did in uri for did in purged)}
    assert index.now > START


def test_the_handle_of_a_returned_account_is_looked_up_at_once() -> None:
    """While it was hidden its PDS did not speak for its handle; no identity event tells of it."""
    index, _, ada = scene()
    index.confirm(ada.account(active=False, status="takendown"))
    index.conn.execute("UPDATE actors SET handle = 'handle.invalid', handle_due = ?", (2**60,))
    assert handles.due(index.conn, index.now, 9) == []
    index.confirm(ada.account(active=True))
    assert len(handles.due(index.conn, index.now, 9)) == 1
