"""``sync.getRepoStatus``: how far a repo is indexed, as the indexer left it."""

from __future__ import annotations

import pytest

from indexer.apply import Applier
from indexer.store.repos import Desync
from tests.appview.api.sync_lexicon import known_values
from tests.appview.client import CATALOG, Client
from tests.appview.index import NAMES, START, Index
from tests.indexer.authors import Author


@pytest.fixture
def mira(index: Index) -> Author:
    """An author with one track in a complete repo."""
    mira = Author(0)
    Applier(NAMES, CATALOG).apply(index.conn, mira.commit(mira.track()), START)
    return mira


def test_a_complete_repo(client: Client, mira: Author) -> None:
    """Revision and root are the repo's own."""
    assert client.get("sync.getRepoStatus", did=mira.did) == {
        "did": mira.did,
        "active": True,
        "state": "synchronized",
        "rev": mira.repo.head.rev,
        "data": str(mira.repo.head.data),
        "changedAt": "2026-01-01T00:00:00.000Z",
        "attempts": 0,
        "resyncs": 0,
    }


def test_an_incomplete_repo_says_why(client: Client, index: Index, mira: Author) -> None:
    """State, reason, PDS and what the last fetches came to."""
    mira.commit()
    Applier(NAMES, CATALOG).apply(index.conn, mira.commit(), START + 1_000_000)
    index.conn.execute("UPDATE actors SET pds = 'https://pds.test'")
    index.conn.execute(
        "UPDATE repos SET attempts = 3, failure = 'unavailable', detail = 'no answer',"
        " resyncs = 2, resynced_at = ?",
        (START,),
    )
    found = client.get("sync.getRepoStatus", did=mira.did)
    expected = {
        "state": "desynchronized",
        "reason": "gap",
        "changedAt": "2026-01-01T00:00:01.000Z",
        "pds": "https://pds.test",
        "attempts": 3,
        "failure": "unavailable",
        "failureDetail": "no answer",
        "resyncs": 2,
        "resyncedAt": "2026-01-01T00:00:00.000Z",
    }
    assert found | expected == found


def test_a_repo_of_which_nothing_has_been_applied(client: Client, index: Index) -> None:
    """It has neither revision nor root."""
    did = index.actor("alice")
    index.conn.execute(
        "INSERT INTO repos (actor, state, reason, changed_at)"
        " SELECT id, 'desynchronized', 'identity_unavailable', 1 FROM actors"
    )
    found = client.get("sync.getRepoStatus", did=did)
    assert found["reason"] == "identity_unavailable"
    assert found.keys().isdisjoint({"rev", "data", "pds"})


@pytest.mark.parametrize("status", ["takendown", "deactivated", None])
def test_a_hidden_account_s_repo(
    client: Client, index: Index, mira: Author, status: str | None
) -> None:
    """It is still followed, and says that it is not shown."""
    Applier(NAMES, CATALOG).apply(index.conn, mira.account(active=False, status=status), START)
    found = client.get("sync.getRepoStatus", did=mira.did)
    assert (found["active"], found.get("status")) == (False, status)


def test_a_repo_that_is_not_followed(client: Client, index: Index) -> None:
    """An account without a record of ours has no repo here, whether it is known or not."""
    assert client.refused("sync.getRepoStatus", did="did:web:nobody.test") == "RepoNotFound"
    assert client.refused("sync.getRepoStatus", did=index.actor("bob")) == "RepoNotFound"
    assert client.refused("sync.getRepoStatus", did="alice.test") == "InvalidRequest"


def test_the_lexicon_lists_every_reason() -> None:
    """The closed set of the indexer is the one that clients read."""
    assert known_values("getRepoStatus", "reason") == set(Desync)
