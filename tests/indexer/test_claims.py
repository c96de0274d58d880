"""When a repo is tried again."""

from __future__ import annotations

from indexer.failure import Failure
from indexer.store import resync
from indexer.store.resync import AFTER_SIGNATURE
from tests.indexer.authors import Author, Index
from tests.indexer.test_repair import KEYS, claim, missed


def test_a_valid_signature_has_a_bad_one_tried_again_soon() -> None:
    """A repo whose signature was bad waits a minute after a good one, not its hour."""
    for failure, due in ((Failure.BAD_SIGNATURE, AFTER_SIGNATURE), (Failure.NOT_FOUND, 2**60)):
        index, author = Index(), Author(2)
        missed(index, author)
        resync.fail(index.conn, claim(index), 2**60, failure, "of another key")
        index.apply(author.commit(author.track(KEYS[3])))
        expected = index.now + due if due == AFTER_SIGNATURE else due
        assert resync.next_due(index.conn) == expected
