"""A fetched repo against what is held and what comes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atp import car, cbor
from atp.runtime import eventlog
from atp.runtime.sqlite import transaction
from atp.sync import VerifiedSync
from indexer import repair, snapshot
from indexer.event import Deferred
from indexer.failure import Failure, ResyncFailed
from indexer.repair import Step
from indexer.snapshot import Snapshot
from indexer.store import repos, resync
from indexer.store.repos import Desync
from indexer.store.resync import Claim
from tests.indexer.authors import (
    NAMES,
    PDS,
    SOURCE,
    Author,
    Create,
    Delete,
    Index,
    Update,
    like,
    track,
    without_record,
)
from tests.indexer.files import in_file

KEYS = ("3kaaaaaaaaaa2", "3kaaaaaaaaab2", "3kaaaaaaaaac2", "3kaaaaaaaaad2")
PATIENCE = 60


@contextmanager
def fetched(author: Author, car: bytes | None = None) -> Iterator[Snapshot]:
    """The author's repo, as its PDS gives it."""
    with in_file(author.repo.to_car() if car is None else car) as file:
        found = snapshot.read(
            file, author.did, author.key.public_key, [*NAMES.collections], author.now, pds=PDS
        )
        try:
            yield found
        finally:
            found.blocks.close()


def held(index: Index) -> dict[str, str]:
    """CID of every live record, by path."""
    return {
        f"{nsid}/{rkey}": bytes(cid).hex()
        for nsid, rkey, cid in index.conn.execute(
            "SELECT c.nsid, r.rkey, r.cid FROM records r JOIN collections c ON c.id = r.collection"
            " WHERE r.cid IS NOT NULL"
        )
    }


def there(author: Author) -> dict[str, str]:
    """The same, of the author's repo."""
    return {path: record.cid.hex() for path, record in author.repo.records.items()}


def claim(index: Index) -> Claim:
    """Take the only repo."""
    [one] = resync.claim(index.conn, index.now, 10, [])
    return one


def step(index: Index, taken: Claim, found: Snapshot) -> Step:
    """One step, in a transaction of its own, undone when it fails."""
    index.now += 1
    with transaction(index.conn):
        return repair.step(index.conn, index.applier, taken, found, now=index.now, due_at=index.now)


def heal(index: Index, author: Author) -> Step:
    """Claim, fetch and repair to the end."""
    taken = claim(index)
    with fetched(author) as found:
        end = Step.MORE
        while end is Step.MORE:
            end = step(index, taken, found)
    return end


def state(index: Index) -> tuple[Any, ...]:
    """State, reason and failure of the only repo."""
    return index.conn.execute("SELECT state, reason, failure FROM repos").fetchall()[0]


class Life:
    """An author, an index that sees only some of it, and a fetch that may be under way."""

    def __init__(self) -> None:
        self.author = Author(0)
        self.index = Index()
        self.past: dict[str, dict[str, str]] = {}
        self.taken: Claim | None = None
        self.car: bytes | None = None

    def write(self, key: str, title: str, *, lost: bool) -> None:
        """Create, change or (with an empty title) delete a track."""
        exists = f"{NAMES.track}/{key}" in self.author.repo.records
        write: Any
        if not title:
            write = [Delete(NAMES.track, key)] if exists else []
        elif exists:
            write = [Update(NAMES.track, key, track(title=title))]
        else:
            write = [Create(NAMES.track, track(title=title), key)]
        commit = self.author.commit(*write)
        self.past[commit.rev] = there(self.author)
        if not lost:
            self.index.apply(commit)

    def fetch(self) -> None:
        """Claim the repo if it is due, or have the host send it as it is now."""
        if self.taken is None:
            claims = resync.claim(self.index.conn, self.index.now, 1, [])
            self.taken = claims[0] if claims else None
        elif self.car is None:
            self.car = self.author.repo.to_car()

    def repair(self) -> None:
        """One step of the repair that is under way."""
        if self.taken is None or self.car is None:
            return
        with fetched(self.author, self.car) as found:
            try:
                end = step(self.index, self.taken, found)
            except ResyncFailed as failed:
                resync.fail(self.index.conn, self.taken, 0, failed.failure, failed.detail)
                end = Step.VOID
        if end is not Step.MORE:
            self.taken = self.car = None

    def check(self) -> None:
        """What calls itself synchronized is what the repo was at the rev that it names."""
        rows = self.index.conn.execute("SELECT state, rev FROM repos").fetchall()
        if rows and rows[0][0] == "synchronized":
            assert held(self.index) == self.past[str(rows[0][1])]


_WRITES = st.tuples(
    st.sampled_from(("live", "live", "lost")),
    st.sampled_from(KEYS),
    st.sampled_from(("", "a", "b")),
)
_DEEDS = st.lists(_WRITES | st.sampled_from(("fetch", "repair")), max_size=PATIENCE)


@settings(max_examples=150, deadline=None)
@given(deeds=_DEEDS)
def test_synchronized_means_equal_whatever_races(deeds: list[Any]) -> None:
    """Lost and live commits, a fetch and its steps in any order: never falsely synchronized."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repair, "STEP", 1)
        life = Life()
        for deed in [*deeds, ("live", KEYS[0], "end")]:
            if deed == "fetch":
                life.fetch()
            elif deed == "repair":
                life.repair()
            else:
                kind, key, title = deed
                life.write(key, title, lost=kind == "lost")
            life.check()
        for _ in range(PATIENCE):
            life.fetch()
            life.repair()
        life.check()
        assert held(life.index) == there(life.author)
        assert state(life.index) == ("synchronized", None, None)


def missed(index: Index, author: Author) -> None:
    """A repo of which the index has the first commit and the third, but not the second."""
    index.apply(author.commit(author.track(KEYS[0])))
    author.commit(author.track(KEYS[1]))
    index.apply(author.commit(author.track(KEYS[2])))


def test_a_repair_says_so_in_the_log() -> None:
    """Events of a repair carry ``repair``; a deletion keeps its URI and rev alone."""
    index, author = Index(), Author(1)
    missed(index, author)
    author.commit(Delete(NAMES.track, KEYS[0]))
    last = eventlog.last_seq(index.conn)
    assert heal(index, author) is Step.DONE
    told = [
        (kind, cbor.decode_map(payload))
        for _, kind, payload in eventlog.read_after(index.conn, last, 10)
    ]
    rev = author.repo.head.rev
    created = author.repo.records[f"{NAMES.track}/{KEYS[1]}"].cid
    assert told == [
        (
            "create",
            {"uri": author.uri(NAMES.track, KEYS[1]), "rev": rev, "cid": created, "repair": True},
        ),
        ("delete", {"uri": author.uri(NAMES.track, KEYS[0]), "rev": rev, "repair": True}),
    ]


def test_a_repair_of_what_is_whole_writes_nothing() -> None:
    """Twice is once: no event, no new rev."""
    index, author = Index(), Author(2)
    missed(index, author)
    heal(index, author)
    before, last = index.dump(), eventlog.last_seq(index.conn)
    resync.request(index.conn, [author.did], Desync.REQUESTED, index.now)
    assert heal(index, author) is Step.DONE
    assert (index.dump(), eventlog.last_seq(index.conn)) == (before, last)


def test_a_stale_host_is_refused() -> None:
    """A repo older than what was applied changes nothing."""
    index, author = Index(), Author(3)
    old = author.repo.to_car()
    missed(index, author)
    before = index.dump()
    taken = claim(index)
    with fetched(author, old) as found:
        with pytest.raises(ResyncFailed) as failed:
            step(index, taken, found)
    assert failed.value.failure is Failure.STALE
    assert index.dump() == before


@pytest.mark.parametrize("what", ["deferred", "announced"])
def test_what_could_not_be_used_meanwhile_asks_for_another_fetch(what: str) -> None:
    """An event of unknown or later rev during the fetch leaves the question open."""
    index, author = Index(), Author(4)
    missed(index, author)
    taken = claim(index)
    with fetched(author) as found:
        if what == "deferred":
            index.apply(Deferred(author.did, Desync.IDENTITY_UNAVAILABLE))
        else:
            later = author.commit(author.track(KEYS[3]))
            index.apply(VerifiedSync(author.did, later.rev, later.data, later.commit_cid))
        with pytest.raises(ResyncFailed) as failed:
            step(index, taken, found)
    assert failed.value.failure is Failure.MOVED_ON
    assert state(index)[0] == "in_progress"


def test_a_deleted_account_voids_the_fetch() -> None:
    """What is fetched for an account that is deleted meanwhile is thrown away."""
    index, author = Index(), Author(5)
    missed(index, author)
    taken = claim(index)
    with fetched(author) as found:
        index.confirm(author.account(active=False, status="deleted"))
        assert step(index, taken, found) is Step.VOID
    assert held(index) == {}
    assert resync.claim(index.conn, index.now, 1, []) == []


def test_an_account_that_returns_is_fetched_whole() -> None:
    """After a deletion and a return at the same rev everything is there again."""
    index, author = Index(), Author(6)
    missed(index, author)
    heal(index, author)
    index.confirm(author.account(active=False, status="deleted"))
    index.confirm(author.account(active=True))
    assert heal(index, author) is Step.DONE
    assert held(index) == there(author)
    assert index.one("SELECT handle_due FROM actors") is not None


def test_a_record_that_the_host_lacks_is_told_and_tried_again() -> None:
    """All else is written; the repo is not called synchronized."""
    index, author = Index(), Author(0)
    missed(index, author)
    block = author.repo.records[f"{NAMES.track}/{KEYS[1]}"].block
    with in_file(without(author.repo.to_car(), block)) as file:
        found = snapshot.read(
            file, author.did, author.key.public_key, [*NAMES.collections], author.now, pds=PDS
        )
        taken = claim(index)
        assert step(index, taken, found) is Step.INCOMPLETE
        found.blocks.close()
    assert state(index) == ("desynchronized", "record_missing", "record_missing")
    assert held(index) == there(author)
    assert heal(index, author) is Step.DONE
    assert state(index) == ("synchronized", None, None)
    assert index.one("SELECT count(*) FROM records WHERE state = 'invalid'") == 0


def without(whole: bytes, block: bytes) -> bytes:
    """A CAR that lacks one block."""
    content = car.read(whole)
    return car.write(content.roots, [it for it in content.blocks.items() if it[1] != block])


def test_a_commit_without_its_record_is_healed() -> None:
    """The record stands without its bytes and its repo is fetched; then all is there."""
    index, author = Index(), Author(1)
    commit = author.commit(author.track(KEYS[0]))
    [op] = commit.ops
    index.apply(replace(commit, ops=(without_record(op),)))
    assert state(index) == ("desynchronized", "record_missing", None)
    assert index.shown() == {author.uri(NAMES.track, KEYS[0]): False}
    assert heal(index, author) is Step.DONE
    assert state(index) == ("synchronized", None, None)
    assert index.shown() == {author.uri(NAMES.track, KEYS[0]): True}


def test_a_claim_of_an_ended_process_is_freed() -> None:
    """In progress becomes desynchronized at the start; the old claim is worth nothing."""
    index, author = Index(), Author(1)
    missed(index, author)
    taken = claim(index)
    assert resync.restart(index.conn) == 1
    assert not resync.holds(index.conn, taken)
    assert claim(index).attempt == 2
    assert not resync.holds(index.conn, taken)


def test_failures_wait_and_are_remembered() -> None:
    """A failed repo is not due before its time, and says why."""
    index, author = Index(), Author(2)
    missed(index, author)
    resync.fail(index.conn, claim(index), index.now + 60, Failure.NOT_FOUND, "no such repo")
    assert resync.claim(index.conn, index.now, 1, []) == []
    assert resync.next_due(index.conn) == index.now + 60
    assert index.one("SELECT failure || ': ' || detail FROM repos") == "not_found: no such repo"
    assert [one.attempt for one in resync.claim(index.conn, index.now + 60, 1, [])] == [2]


def test_a_busy_host_is_passed_over() -> None:
    """A repo given back waits without a failed attempt, and is not claimed while its PDS is busy."""
    index, author = Index(), Author(3)
    missed(index, author)
    resync.give_back(index.conn, claim(index), index.now, "https://pds.example.com")
    assert resync.claim(index.conn, index.now, 1, ["https://pds.example.com"]) == []
    assert claim(index).attempt == 1


def test_a_stranger_without_our_records_is_forgotten() -> None:
    """A discovered account that has nothing of ours is no longer followed."""
    index, author = Index(), Author(4)
    assert resync.request(index.conn, [author.did], Desync.DISCOVERED, index.now) == 1
    assert resync.request(index.conn, [author.did], Desync.DISCOVERED, index.now) == 0
    taken = claim(index)
    assert taken.unproven
    resync.forget(index.conn, taken)
    assert list(repos.followed(index.conn)) == []


def test_links_kept_for_one_repo_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes too much during one fetch is fetched again."""
    monkeypatch.setattr("indexer.store.waiting.MAX_WAITING", 2)
    index, author = Index(), Author(5)
    missed(index, author)
    taken = claim(index)
    with fetched(author) as found:
        for _ in range(5):
            index.apply(author.commit(Create(NAMES.like, like(author.subject(NAMES.track, "a")))))
        assert index.one("SELECT count(*) FROM waiting") == 3
        with pytest.raises(ResyncFailed, match="moved_on"):
            step(index, taken, found)


def test_what_was_repaired_names_the_pds_and_the_rest_its_stream() -> None:
    """Each record has its own origin; a deleted one has none."""
    index, author = Index(), Author(0)
    missed(index, author)
    author.commit(Delete(NAMES.track, KEYS[0]))
    assert heal(index, author) is Step.DONE
    origins = index.conn.execute(
        "SELECT r.rkey, o.name, o.repair FROM records r LEFT JOIN origins o ON o.id = r.origin"
        " ORDER BY r.rkey"
    ).fetchall()
    assert origins == [(KEYS[0], None, None), (KEYS[1], PDS, 1), (KEYS[2], SOURCE, 0)]


def test_a_fetched_repo_is_the_best_check() -> None:
    """The PDS's rev, commit and tree are known from it, and the commit at our head."""
    index, author = Index(), Author(0)
    missed(index, author)
    assert heal(index, author) is Step.DONE
    head = author.repo.head
    assert index.conn.execute(
        "SELECT rev, commit_cid, pds_rev, pds_cid, pds_data, checked_at, check_failure FROM repos"
    ).fetchall() == [(head.rev, head.cid, head.rev, head.cid, head.data, index.now, None)]
