"""Viewers and their follows: what commits and readings write, in any order that may come."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atp.frames import AccountMsg
from atp.sync import VerifiedCommit, check_sync
from atp.syntax import Did, RecordKey
from atp.tid import Tid
from indexer.event import Deferred
from indexer.follows import followed_in, subject_of
from indexer.store import follows, repos, rows
from indexer.store.follows import FRESH, MAX_FAILURE, SOON, Due, Follow
from indexer.store.repos import Desync
from indexer.verdict import APPLIED
from lexicons.names import FOREIGN_FOLLOW
from ops.world.repo import Write
from tests.indexer.authors import WHEN, Author, Create, Delete, Index, Update, without_record

ANA, BEN, CLEO = (Did.parse(f"did:plc:{letter * 24}") for letter in "abc")
KEYS = ("3kaaaaaaaaaa2", "3kaaaaaaaaab2", "3kaaaaaaaaac2")


def follow(did: Did, rkey: str) -> Create:
    """The beginning of a follow."""
    return Create(FOREIGN_FOLLOW, {"subject": did, "createdAt": WHEN}, rkey)


def known(index: Index, viewer: Did) -> set[str]:
    """Whom a viewer follows, as the index has it."""
    rows = index.conn.execute(
        "SELECT f.subject FROM follows f JOIN viewers v ON v.id = f.viewer"
        " WHERE v.did = ? AND f.subject IS NOT NULL",
        (viewer,),
    )
    return {str(did) for (did,) in rows}


def viewing(author: Author) -> Index:
    """An index in which the author is a viewer."""
    index = Index()
    follows.ask(index.conn, author.did, index.now)
    return index


def listed(author: Author) -> list[Follow]:
    """What the author's PDS lists now."""
    return [
        Follow(RecordKey(rkey), subject_of(record.value))
        for rkey, record in author.repo.records_of(FOREIGN_FOLLOW)
    ]


def test_whom_a_record_names() -> None:
    """A DID, or nobody."""
    assert subject_of({"subject": ANA}) == ANA
    for subject in (None, 7, "alice.test", "", {"did": ANA}):
        assert subject_of({"subject": subject}) is None
    assert subject_of({}) is None


def test_a_viewer_s_commits_are_kept() -> None:
    """Follows begin, change and end; commits of others leave nothing, and nothing else is kept."""
    mira, ada = Author(0), Author(1)
    index = viewing(mira)
    assert index.apply(mira.commit(follow(ANA, KEYS[0]), follow(BEN, KEYS[1]))) == APPLIED
    index.apply(ada.commit(follow(CLEO, KEYS[0])))
    assert known(index, mira.did) == {ANA, BEN}
    index.apply(mira.commit(Delete(FOREIGN_FOLLOW, KEYS[0])))
    index.apply(mira.commit(Update(FOREIGN_FOLLOW, KEYS[1], {"subject": CLEO})))
    assert known(index, mira.did) == {CLEO}
    assert index.one("SELECT count(*) FROM actors") == 0
    assert index.one("SELECT count(*) FROM viewers") == 1


def test_a_viewer_who_publishes_is_both() -> None:
    """A commit with a follow and a track writes both."""
    mira = Author(0)
    index = viewing(mira)
    index.apply(mira.commit(mira.track(), follow(ANA, KEYS[0])))
    assert known(index, mira.did) == {ANA}
    assert len(index.shown()) == 1
    index.apply(mira.commit(Delete(FOREIGN_FOLLOW, KEYS[0])))
    assert known(index, mira.did) == set()


def test_a_replay_does_not_bring_a_follow_back() -> None:
    """Neither one at or before a whole reading's rev, nor one older than what its record says."""
    mira = Author(0)
    index = viewing(mira)
    begun = mira.commit(follow(ANA, KEYS[0]))
    ended = mira.commit(Delete(FOREIGN_FOLLOW, KEYS[0]))
    for commit, expected in ((begun, {ANA}), (ended, set()), (begun, set())):
        index.apply(commit)
        assert known(index, mira.did) == expected
    follows.finish(index.conn, mira.did, ended.rev, index.now, index.now)
    assert index.one("SELECT count(*) FROM follows") == 0, "a reading takes tombstones with it"
    index.apply(begun)
    assert known(index, mira.did) == set()


def test_a_reading_ends_what_it_has_not_seen() -> None:
    """What was there before it and is not listed is gone; what came during it stays."""
    mira = Author(0)
    index = viewing(mira)
    index.apply(mira.commit(follow(ANA, KEYS[0]), follow(BEN, KEYS[1])))
    missed = mira.commit(Delete(FOREIGN_FOLLOW, KEYS[0]))
    follows.write(index.conn, mira.did, listed(mira), missed.rev)
    assert known(index, mira.did) == {ANA, BEN}
    index.apply(mira.commit(follow(CLEO, KEYS[2])))
    follows.finish(index.conn, mira.did, missed.rev, index.now, index.now)
    assert known(index, mira.did) == {BEN, CLEO}


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_readings_among_commits_end_in_the_truth(data: st.DataObject) -> None:
    """Whichever commits come late, again, or after a reading that has seen them already.

    Deliveries of two sources are interleaved, each in the order of rev, and one of them is late;
    a reading begins at some point and its pages are of any later moment.
    """
    mira = Author(0)
    index = viewing(mira)
    commits: list[VerifiedCommit] = []
    states: list[list[Follow]] = [listed(mira)]
    for _ in range(data.draw(st.integers(1, 8))):
        writes: list[Write] = []
        for rkey in data.draw(st.sets(st.sampled_from(KEYS), min_size=1)):
            held = f"{FOREIGN_FOLLOW}/{rkey}" in mira.repo.records
            subject = data.draw(st.sampled_from((ANA, BEN, CLEO)))
            writes.append(Delete(FOREIGN_FOLLOW, rkey) if held else follow(subject, rkey))
        commits.append(mira.commit(*writes))
        states.append(listed(mira))
    first = data.draw(st.integers(1, len(commits)))
    start = commits[first - 1].rev
    page = states[data.draw(st.integers(first, len(commits)))]
    # Before the reading anything may have been missed; from its rev on all is delivered, as the
    # account was watched before.
    early = data.draw(st.lists(st.sampled_from(range(len(commits))), unique=True).map(sorted))
    for number in (*early, *range(first, data.draw(st.integers(first, len(commits))))):
        index.apply(commits[number])
    follows.write(index.conn, mira.did, page, start)
    if data.draw(st.booleans()):
        for commit in commits[first:]:
            index.apply(commit)
    follows.finish(index.conn, mira.did, start, index.now, index.now)
    for commit in data.draw(st.sampled_from((commits, commits[first:]))):
        index.apply(commit)
    assert known(index, mira.did) == {str(one.subject) for one in states[-1]}


def test_follows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound none is added by commits; those that are there can change and end."""
    monkeypatch.setattr(follows, "MAX_FOLLOWS", 2)
    mira = Author(0)
    index = viewing(mira)
    index.apply(mira.commit(follow(ANA, KEYS[0]), follow(BEN, KEYS[1])))
    index.apply(mira.commit(follow(CLEO, KEYS[2])))
    assert known(index, mira.did) == {ANA, BEN}
    index.apply(mira.commit(Delete(FOREIGN_FOLLOW, KEYS[1])))
    assert known(index, mira.did) == {ANA}


def test_an_unusable_record_follows_nobody() -> None:
    """A record that names no account, or that the commit came without."""
    mira = Author(0)
    index = viewing(mira)
    commit = mira.commit(
        Create(FOREIGN_FOLLOW, {"subject": "alice.test"}, KEYS[0]), follow(ANA, KEYS[1])
    )
    lost = replace(commit, ops=tuple(map(without_record, commit.ops)))
    assert [one.subject for one in followed_in(commit)] == [None, ANA]
    assert [one.subject for one in followed_in(lost)] == [None, None]
    index.apply(commit)
    assert known(index, mira.did) == {ANA}


def due(index: Index, after: int = 0) -> list[Due]:
    """Whose follows are to be read."""
    return follows.due(index.conn, index.now + after, 10, [])


def test_when_follows_are_read() -> None:
    """Once at first; then when something puts them in doubt, and daily for who asks."""
    mira = Author(0)
    index = viewing(mira)
    assert due(index) == [Due(mira.did, 0)]
    assert follows.due(index.conn, index.now, 10, [mira.did]) == []
    assert follows.next_due(index.conn, []) is not None
    rev = Tid.from_micros(index.now, 0)
    follows.finish(index.conn, mira.did, rev, index.now, index.now)
    assert follows.next_due(index.conn, []) is None
    follows.ask(index.conn, mira.did, index.now + FRESH)
    assert due(index, FRESH) == []
    follows.ask(index.conn, mira.did, index.now + FRESH + 1)
    assert due(index, FRESH + 1) == [Due(mira.did, 0)]


@pytest.mark.parametrize("event", ["account", "sync"])
def test_events_that_put_follows_in_doubt(event: str) -> None:
    """They are read again, yet not at once after a reading, whatever an account sends."""
    mira = Author(0)
    index = viewing(mira)
    head = mira.commit(follow(ANA, KEYS[0]))
    follows.finish(index.conn, mira.did, head.rev, index.now, index.now)
    sync = check_sync(mira.repo.announce(mira.now), mira.key.public_key, mira.now)
    outcome = AccountMsg(0, mira.did, WHEN, True, None) if event == "account" else sync
    index.apply(outcome)
    assert due(index) == []
    assert due(index, SOON) == [Due(mira.did, 0)]
    assert index.one("SELECT count(*) FROM actors") == 0


def test_doubts_during_a_reading_ask_for_another() -> None:
    """The reading may have seen what was before the event."""
    mira = Author(0)
    index = viewing(mira)
    began = index.now
    index.apply(AccountMsg(0, mira.did, WHEN, True, None))
    follows.finish(index.conn, mira.did, Tid.from_micros(began, 0), began, index.now)
    assert due(index) == []
    assert due(index, SOON) == [Due(mira.did, 0)]


def test_a_commit_that_cannot_be_verified_asks_for_a_reading() -> None:
    """And about a viewer's repo its PDS is asked whether it has anything of ours at all."""
    mira, ada = Author(0), Author(1)
    index = viewing(mira)
    follows.finish(index.conn, mira.did, Tid.from_micros(index.now, 0), index.now, index.now)
    for author in (mira, ada):
        index.apply(Deferred(author.did, Desync.IDENTITY_UNAVAILABLE))
    assert due(index, SOON) == [Due(mira.did, 0)]
    reasons = []
    for author in (mira, ada):
        actor = rows.find_actor(index.conn, author.did)
        assert actor is not None
        repo = repos.find(index.conn, actor.id)
        reasons.append(repo and repo.reason)
    assert reasons == [Desync.DISCOVERED, Desync.IDENTITY_UNAVAILABLE]


def test_failures_are_counted() -> None:
    """The next reading is when it was told; a whole one ends the count."""
    mira = Author(0)
    index = viewing(mira)
    for number in (1, 2):
        follows.fail(index.conn, mira.did, index.now + 5, "x" * 9_999)
        assert due(index) == []
        assert due(index, 5) == [Due(mira.did, number)]
    assert index.one("SELECT length(failure) FROM viewers") == MAX_FAILURE
    follows.finish(index.conn, mira.did, Tid.from_micros(0, 0), index.now, index.now)
    assert index.one("SELECT attempts, failure FROM viewers") == 0


def test_who_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not asked for long, and of too many who has not for longest; with all follows."""
    index, authors = Index(), [Author(number) for number in range(4)]
    for author in authors:
        index.now += 10
        follows.ask(index.conn, author.did, index.now)
        index.apply(author.commit(follow(ANA, KEYS[0])))
    dids = [author.did for author in authors]
    before = index.one("SELECT asked_at FROM viewers WHERE did = ?", dids[1])
    assert follows.forget_oldest(index.conn, before) == dids[0]
    assert follows.forget_oldest(index.conn, before) is None
    monkeypatch.setattr(follows, "MAX_VIEWERS", 2)
    assert follows.forget_oldest(index.conn, before) == dids[1]
    assert follows.forget_oldest(index.conn, before) is None
    follows.forget(index.conn, dids[2])
    assert list(follows.viewers(index.conn)) == [dids[3]]
    assert index.one("SELECT count(*) FROM follows") == 1
    index.apply(authors[0].commit(follow(BEN, KEYS[1])))
    assert index.one("SELECT count(*) FROM follows") == 1
