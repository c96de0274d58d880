"""When a repo is tried again, and what is under way meanwhile."""

from __future__ import annotations

import pytest

from indexer import repair
from indexer.event import Deferred
from indexer.failure import Failure
from indexer.repair import Step
from indexer.store import resync
from indexer.store.repos import Desync
from indexer.store.resync import AFTER_SIGNATURE
from tests.indexer.authors import NAMES, Author, Delete, Index, Update, track
from tests.indexer.test_repair import KEYS, claim, fetched, held, missed, step, there


def test_a_valid_signature_has_a_bad_one_tried_again_soon() -> None:
    """A repo whose signature was bad waits a minute after a good one, not its hour."""
    for failure, due in ((Failure.BAD_SIGNATURE, AFTER_SIGNATURE), (Failure.NOT_FOUND, 2**60)):
        index, author = Index(), Author(2)
        missed(index, author)
        resync.fail(index.conn, claim(index), 2**60, failure, "of another key")
        index.apply(author.commit(author.track(KEYS[3])))
        expected = index.now + due if due == AFTER_SIGNATURE else due
        assert resync.next_due(index.conn) == expected


def test_a_late_commit_does_not_undo_a_repair_that_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between two steps, a commit from before the fetch leaves alone what the repair has written."""
    monkeypatch.setattr(repair, "STEP", 1)
    index, author = Index(), Author(2)
    index.apply(author.commit(author.track(KEYS[0]), author.track(KEYS[1])))
    author.commit(author.track(KEYS[2]))
    late = author.commit(*(Update(NAMES.track, key, track(title="old")) for key in KEYS[:2]))
    author.commit(*(Update(NAMES.track, key, track(title="new")) for key in KEYS[:2]))
    index.apply(Deferred(author.did, Desync.IDENTITY_UNAVAILABLE))
    taken = claim(index)
    with fetched(author) as found:
        assert step(index, taken, found) is Step.MORE
        index.apply(late)
        newer = {path: cid for path, cid in there(author).items() if held(index).get(path) == cid}
        assert newer, "what the first step wrote is still there"


@pytest.mark.parametrize("emptied", [True, False])
def test_what_a_step_may_write(monkeypatch: pytest.MonkeyPatch, emptied: bool) -> None:
    """Deletions count: an account that has deleted all that we hold is no small repo."""
    monkeypatch.setattr(repair, "STEP", 3)
    for count, most in ((1, 1), (3, 3), (4, 3)):
        index, author = Index(), Author(2)
        made = author.commit(*(author.track(key) for key in KEYS[:count]))
        if emptied:
            index.apply(made)
            author.commit(*(Delete(NAMES.track, key) for key in KEYS[:count]))
        index.apply(Deferred(author.did, Desync.IDENTITY_UNAVAILABLE))
        taken = claim(index)
        assert taken.held == (count if emptied else 0)
        with fetched(author) as found:
            assert len(found.records) == (0 if emptied else count)
            assert repair.most(taken, found) == most
