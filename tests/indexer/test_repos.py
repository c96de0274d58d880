"""Repo state: the last gap stays known, and the commit at the head only as long as it is that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atp.cid import Cid
from atp.sync import VerifiedSync
from atp.tid import Tid
from indexer.event import Deferred
from indexer.store import repos
from indexer.store.repos import GAPS, Desync
from tests.indexer.authors import Author, Index

NEVER = Tid.from_micros(1_760_000_000_000_000, 0)


def gap(index: Index) -> tuple[Any, ...]:
    """The last gap of the only repo: when, why, and the rev before."""
    return index.conn.execute("SELECT gap_at, gap_reason, gap_rev FROM repos").fetchall()[0]


def put(index: Index, reason: Desync | None) -> None:
    """The only repo has that reason from now on."""
    index.now += 1
    repo = repos.find(index.conn, 1)
    assert repo is not None
    repos.put(index.conn, 1, head=repo.head, reason=reason, now=index.now)


@pytest.mark.parametrize("reason", list(Desync))
def test_a_gap_is_what_means_missed_commits(reason: Desync) -> None:
    """It stays known with its time and rev when it is healed; other reasons are none."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track()))
    assert gap(index) == (None, None, None)
    put(index, reason)
    expected = (index.now, reason, mira.repo.head.rev) if reason in GAPS else (None, None, None)
    assert gap(index) == expected
    put(index, reason)
    put(index, None)
    assert gap(index) == expected


def test_the_rev_of_a_gap_is_the_one_before_it() -> None:
    """A later commit of the stream moves the head, not the gap."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track("3kaaaaaaaaaa2")))
    before = mira.repo.head.rev
    mira.commit(mira.track("3kaaaaaaaaab2"))
    index.apply(mira.commit(mira.track("3kaaaaaaaaac2")))
    at = index.now
    index.apply(mira.commit(mira.track("3kaaaaaaaaad2")))
    assert gap(index) == (at, "gap", before)


def test_a_repo_can_begin_with_a_gap() -> None:
    """A first commit that could not be verified; nothing was applied before."""
    index, mira = Index(), Author(0)
    index.apply(Deferred(mira.did, Desync.IDENTITY_UNAVAILABLE))
    assert gap(index) == (index.now, "identity_unavailable", None)


def test_the_commit_at_the_head_is_known_while_it_is_the_head() -> None:
    """From a commit, from an announcement of the same tree, and not from before."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track()))

    def commit() -> Cid | None:
        repo = repos.find(index.conn, 1)
        assert repo is not None
        return repo.commit

    first = mira.repo.head
    assert commit() == first.cid
    put(index, Desync.REQUESTED)
    assert commit() == first.cid
    other = Cid.for_cbor(b"\xa0")
    index.apply(VerifiedSync(mira.did, NEVER, first.data, other))
    assert commit() == other
    repo = repos.find(index.conn, 1)
    assert repo is not None
    assert repo.head is not None
    later = replace(repo.head, rev=Tid.from_micros(1_770_000_000_000_000, 0))
    repos.put(index.conn, 1, head=later, reason=None, now=1)
    assert commit() is None
