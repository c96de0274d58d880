"""Applying events: the laws of order, replay, counters and tombstones."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from atp import cbor
from atp.frames import AccountMsg
from atp.runtime import eventlog
from atp.sync import VerifiedCommit, check_sync
from indexer.event import Deferred, Outcome, Refused
from indexer.reasons import Drop
from indexer.store import repos, rows
from indexer.store.repos import Desync
from indexer.verdict import APPLIED, REPLAYED, Verdict
from lexicons.names import FOREIGN_PROFILE
from tests.indexer.authors import (
    NAMES,
    WHEN,
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

T1 = "3kaaaaaaaaaa2"
L1 = "3kbbbbbbbbbb2"


def state(index: Index, author: Author) -> tuple[str, str | None]:
    """A repo's state and reason."""
    actor = rows.find_actor(index.conn, author.did)
    assert actor is not None
    repo = repos.find(index.conn, actor.id)
    assert repo is not None
    return repo.state, repo.reason


def test_a_new_repo_s_records_are_shown_and_its_repo_complete() -> None:
    """A first commit onto the empty tree needs no fetch."""
    index, mira = Index(), Author(0)
    assert index.apply(mira.commit(mira.track())) == APPLIED
    assert index.shown() == {mira.uri(NAMES.track, T1): True}
    assert state(index, mira) == ("synchronized", None)
    assert index.one("SELECT title FROM tracks") == "Harbour Lights"


def test_a_repo_seen_in_the_middle_is_applied_and_marked() -> None:
    """Ops proven by signature and inclusion count at once; the missing past is known."""
    index, mira = Index(), Author(0)
    mira.commit(Create("app.bsky.feed.post", {"text": "hi"}))
    index.apply(mira.commit(mira.track()))
    assert index.shown() == {mira.uri(NAMES.track, T1): True}
    assert state(index, mira) == ("desynchronized", Desync.FIRST_SEEN)
    index.apply(mira.commit(Update(NAMES.track, T1, track(title="B"))))
    assert state(index, mira) == ("desynchronized", Desync.FIRST_SEEN)


def test_foreign_commits_keep_the_chain_whole() -> None:
    """A followed repo's foreign commit moves its state and writes no rows."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track()))
    index.apply(mira.commit(Create("app.bsky.feed.post", {"text": "hi"})))
    index.apply(mira.commit(Update(NAMES.track, T1, track(title="B"))))
    assert state(index, mira) == ("synchronized", None)
    assert len(index.shown()) == 1


def test_a_missed_commit_is_a_gap() -> None:
    """A commit that does not follow is applied and its repo marked."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track()))
    mira.commit(mira.track("3kaaaaaaaaab2"))
    index.apply(mira.commit(mira.track("3kaaaaaaaaac2")))
    assert state(index, mira) == ("desynchronized", Desync.GAP)
    assert len(index.shown()) == 2


def test_foreign_commits_of_strangers_write_nothing() -> None:
    """A repo that never held a record of ours leaves no trace."""
    index, mira = Index(), Author(0)
    assert index.apply(mira.commit(Create("app.bsky.feed.post", {"text": "hi"}))) == APPLIED
    assert index.one("SELECT count(*) FROM actors") == 0


def test_an_older_rev_is_a_replay() -> None:
    """Events at or before the repo's rev change nothing."""
    index, mira = Index(), Author(0)
    first = mira.commit(mira.track())
    second = mira.commit(Delete(NAMES.track, T1))
    index.apply(first)
    index.apply(second)
    before = index.dump()
    assert index.apply(first) == REPLAYED
    assert index.apply(second) == REPLAYED
    assert index.dump() == before
    assert index.shown() == {}


def test_a_delete_leaves_a_tombstone_with_its_rev() -> None:
    """The tombstone keeps the rev and nothing of the value; the log keeps URI and rev."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track()))
    gone = mira.commit(Delete(NAMES.track, T1))
    index.apply(gone)
    row = index.conn.execute("SELECT state, rev, cid, value, problems FROM records").fetchone()
    assert row == ("deleted", gone.rev, None, None, None)
    (_, kind, payload) = eventlog.read_after(index.conn, 0, 10)[-1]
    entry = cbor.decode_map(payload)
    assert (kind, entry) == ("delete", {"uri": mira.uri(NAMES.track, T1), "rev": gone.rev})


def test_references_may_come_first() -> None:
    """Likes, comments and lists wait for their subject, counted."""
    index, mira, ada = Index(), Author(0), Author(1)
    subject = mira.subject(NAMES.track, T1)
    index.apply(
        ada.commit(
            Create(NAMES.like, like(subject)),
            Create(NAMES.comment, comment(subject)),
            Create(NAMES.list, playlist([subject, subject])),
        )
    )
    assert index.counts(mira.uri(NAMES.track, T1)) == (1, 1, 1)
    index.apply(mira.commit(mira.track()))
    assert index.counts(mira.uri(NAMES.track, T1)) == (1, 1, 1)


def test_several_likes_of_one_account_count_once() -> None:
    """A like counts while any like record of the account for the subject stands."""
    index, mira, ada = Index(), Author(0), Author(1)
    uri = mira.uri(NAMES.track, T1)
    subject = mira.subject(NAMES.track, T1)
    index.apply(ada.commit(Create(NAMES.like, like(subject), L1)))
    index.apply(ada.commit(Create(NAMES.like, like(subject), "3kbbbbbbbbbc2")))
    assert index.counts(uri) == (1, 0, 0)
    index.apply(ada.commit(Delete(NAMES.like, L1)))
    assert index.counts(uri) == (1, 0, 0)
    index.apply(ada.commit(Delete(NAMES.like, "3kbbbbbbbbbc2")))
    assert index.counts(uri) == (0, 0, 0)


def test_an_update_replaces_everything() -> None:
    """What the new version leaves out is gone: no field of the old one survives."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track(album="Night Ferry")))
    first_seen = index.one("SELECT first_seen FROM records")
    index.apply(mira.commit(Update(NAMES.track, T1, track(title="B", duration=5))))
    row = index.conn.execute("SELECT title, album, seconds FROM tracks").fetchone()
    assert row == ("B", None, 5)
    assert index.one("SELECT first_seen FROM records") == first_seen


def test_sort_key_is_the_earlier_of_claim_and_first_sight() -> None:
    """Neither future nor back-dated records jump the queue."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track(createdAt="2999-01-01T00:00:00Z")))
    assert index.one("SELECT sort_at FROM tracks") == index.now
    index.apply(mira.commit(Update(NAMES.track, T1, track(createdAt=WHEN))))
    assert index.one("SELECT sort_at FROM tracks") == 1_749_988_800_000_000


def test_an_invalid_record_is_kept_and_not_indexed() -> None:
    """A record that fails its lexicon stays, with the reasons, and comes back when mended."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track(title="")))
    assert index.shown() == {mira.uri(NAMES.track, T1): False}
    assert "title" in index.one("SELECT problems FROM records")
    assert index.one("SELECT count(*) FROM tracks") == 0
    index.apply(mira.commit(Update(NAMES.track, T1, track())))
    assert index.shown() == {mira.uri(NAMES.track, T1): True}
    index.apply(mira.commit(Update(NAMES.track, T1, track(title=7))))
    assert index.one("SELECT count(*) FROM tracks") == 0


def test_claims_that_add_up_beyond_measure_do_no_harm() -> None:
    """Durations near the integer limit cannot overflow a sum."""
    index, mira = Index(), Author(0)
    huge = 2**63 - 1
    index.apply(mira.commit(mira.track(duration=huge), mira.track("3kaaaaaaaaab2", duration=huge)))
    assert index.one("SELECT seconds FROM actors") == 20_000_000


def test_only_exact_collections_are_ours() -> None:
    """Another environment's records stay out; a foreign profile counts at its one key."""
    index, mira = Index(), Author(0)
    index.apply(
        mira.commit(
            mira.track(),
            Create("fm.plyr.stg.track", track(), T1),
            Create(FOREIGN_PROFILE, {"displayName": "x"}, "other"),
            Create(FOREIGN_PROFILE, {"displayName": "Mira"}, "self"),
        )
    )
    assert index.shown() == {
        mira.uri(FOREIGN_PROFILE, "other"): False,
        mira.uri(FOREIGN_PROFILE, "self"): True,
        mira.uri(NAMES.track, T1): True,
    }
    assert index.one("SELECT display_name FROM bsky_profiles") == "Mira"
    assert index.one("SELECT records FROM actors") == 1


def test_sync_with_news_marks_the_repo_and_without_does_not() -> None:
    """`#sync` with the data we have only moves the rev; else the repo is not complete."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track()))
    mira.commit()
    known = check_sync(mira.repo.announce(mira.now), mira.key.public_key, mira.now)
    assert index.apply(known) == APPLIED
    assert state(index, mira) == ("synchronized", None)
    assert index.apply(known) == REPLAYED
    mira.commit(Delete(NAMES.track, T1))
    news = check_sync(mira.repo.announce(mira.now), mira.key.public_key, mira.now)
    assert index.apply(news) == APPLIED
    assert state(index, mira) == ("desynchronized", Desync.SYNC_EVENT)


def test_a_deferred_commit_marks_its_repo() -> None:
    """What could not be verified is not applied, and not forgotten."""
    index, mira = Index(), Author(0)
    applied = index.apply(Deferred(mira.did, Desync.IDENTITY_UNAVAILABLE))
    assert applied.verdict is Verdict.DEFERRED
    assert state(index, mira) == ("desynchronized", Desync.IDENTITY_UNAVAILABLE)
    assert index.apply(Refused(Drop.IDENTITY_ABSENT)).verdict is Verdict.REJECTED


def live(index: Index, event: Outcome) -> None:
    """Apply an event; the account's PDS agrees with what is told of its status."""
    if isinstance(event, AccountMsg):
        index.confirm(event)
    else:
        index.apply(event)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_history_replayed_in_rev_order_gives_the_same_index(data: st.DataObject) -> None:
    """Law 2: events repeated at random, each repo's in the order of its revs."""
    authors = [Author(n) for n in range(3)]
    rkeys = [T1, "3kaaaaaaaaab2"]
    subjects = [authors[0].subject(NAMES.track, rkey) for rkey in rkeys]
    makers = {
        NAMES.track: lambda n: track(title=f"t{n}", duration=n),
        NAMES.like: lambda n: like(subjects[n % 2]),
        NAMES.comment: lambda n: comment(subjects[n % 2], timestampMs=n),
        NAMES.list: lambda n: playlist([subjects[i % 2] for i in range(n)]),
    }
    history: list[Outcome] = []
    for _ in range(data.draw(st.integers(1, 14))):
        author = data.draw(st.sampled_from(authors))
        if data.draw(st.integers(0, 6)) == 0:
            active = data.draw(st.booleans())
            history.append(author.account(active=active, status=None if active else "takendown"))
            continue
        collection = data.draw(st.sampled_from(list(makers)))
        rkey = data.draw(st.sampled_from(rkeys))
        value = makers[collection](data.draw(st.integers(0, 3)))
        exists = f"{collection}/{rkey}" in author.repo.records
        if exists and data.draw(st.booleans()):
            history.append(author.commit(Delete(collection, rkey)))
        elif exists:
            history.append(author.commit(Update(collection, rkey, value)))
        else:
            history.append(author.commit(Create(collection, value, rkey)))
    once, often = Index(), Index()
    for event in history:
        live(once, event)
    commits: list[Outcome] = []
    for event in history:
        live(often, event)
        if isinstance(event, VerifiedCommit):
            commits.append(event)
        again = data.draw(st.integers(0, 2 * len(commits)))
        if again < len(commits):
            often.apply(commits[again])
    assert often.dump() == once.dump()


def test_a_repo_that_was_discovered_first_has_its_handle_looked_up() -> None:
    """The first commit of a repo that was found in a list asks for its identity, too."""
    index, mira = Index(), Author(0)
    actor = rows.actor(index.conn, mira.did)
    repos.put(index.conn, actor.id, head=None, reason=Desync.DISCOVERED, now=index.now)
    index.apply(mira.commit(mira.track()))
    assert index.one("SELECT handle_due FROM actors") == index.now
