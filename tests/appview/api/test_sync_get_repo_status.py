"""``sync.getRepoStatus``: how far a repo is indexed, as the indexer left it."""

from __future__ import annotations

import pytest

from appview.views.repo_status import WORDS
from atp.sync import RepoState
from indexer.apply import Applier
from indexer.failure import Failure
from indexer.hosting import Answer
from indexer.store import checks
from indexer.store.repos import GAPS, Desync
from pds_client.repo import LatestCommit
from tests.appview.api.sync_lexicon import definition, known_values
from tests.appview.client import CATALOG, Client
from tests.appview.index import NAMES, START, Index
from tests.indexer.authors import SOURCE, WHEN, Author


@pytest.fixture
def mira(index: Index) -> Author:
    """An author with one track in a complete repo."""
    mira = Author(0)
    Applier(NAMES, CATALOG).apply(index.conn, mira.commit(mira.track()), START, SOURCE)
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
    Applier(NAMES, CATALOG).apply(index.conn, mira.commit(), START + 1_000_000, SOURCE)
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
    index.conn.execute("UPDATE actors SET upstream_active = 0, upstream_status = ?", (status,))
    found = client.get("sync.getRepoStatus", did=mira.did)
    assert (found["active"], found.get("status")) == (False, status)
    assert found["hiddenBy"] == "host"
    index.conn.execute("UPDATE actors SET upstream_active = 1, takedown = 'a reason of ours'")
    found = client.get("sync.getRepoStatus", did=mira.did)
    assert (found["active"], found["status"], found["hiddenBy"]) == (False, "takendown", "operator")
    assert "a reason of ours" not in str(found)


def test_what_was_told_and_answered(client: Client, index: Index, mira: Author) -> None:
    """An event that nothing has confirmed yet stands beside the status that holds."""
    hidden = mira.account(active=False, status="takendown")
    Applier(NAMES, CATALOG).apply(index.conn, hidden, START, SOURCE)
    found = client.get("sync.getRepoStatus", did=mira.did)
    assert found["active"] is True
    assert found["told"] == {
        "active": False,
        "status": "takendown",
        "at": WHEN,
        "source": SOURCE,
    }


def test_what_its_pds_told(client: Client, index: Index, mira: Author) -> None:
    """The repo there, when last asked, and why in vain; and when the repo is fetched next."""
    head = mira.repo.head
    actor = index.conn.execute("SELECT id FROM actors").get
    checks.fetched(index.conn, actor, RepoState(head.rev, head.data), head.cid, START)
    there = {"pdsRev": head.rev, "pdsCommit": str(head.cid), "pdsData": str(head.data)}
    found = client.get("sync.getRepoStatus", did=mira.did)
    assert found | there | {"checkedAt": "2026-01-01T00:00:00.000Z"} == found
    assert found.keys().isdisjoint({"checkFailure", "lastGap", "nextAttemptAt"})
    checks.failed(index.conn, actor, Failure.HOST_UNAVAILABLE, START + 1_000_000)
    found = client.get("sync.getRepoStatus", did=mira.did)
    failed = {"checkedAt": "2026-01-01T00:00:01.000Z", "checkFailure": "host_unavailable"}
    assert found | there | failed == found
    mira.message()
    later = mira.repo.head
    newer = LatestCommit(later.cid, later.rev)
    checks.told(index.conn, actor, newer, START + 2_000_000, final=True)
    index.conn.execute("UPDATE repos SET due_at = ?", (START + 3_000_000,))
    found = client.get("sync.getRepoStatus", did=mira.did)
    at = "2026-01-01T00:00:02.000Z"
    expected = {
        "rev": head.rev,
        "pdsRev": later.rev,
        "pdsCommit": str(later.cid),
        "checkedAt": at,
        "state": "desynchronized",
        "reason": "behind",
        "explanation": "its PDS has commits that were not received",
        "lastGap": {"at": at, "reason": "behind", "rev": head.rev},
        "nextAttemptAt": "2026-01-01T00:00:03.000Z",
    }
    assert found | expected == found
    assert found.keys().isdisjoint({"pdsData", "checkFailure"})


def test_a_repo_that_is_not_followed(client: Client, index: Index) -> None:
    """An account without a record of ours has no repo here, whether it is known or not."""
    assert client.refused("sync.getRepoStatus", did="did:web:nobody.test") == "RepoNotFound"
    assert client.refused("sync.getRepoStatus", did=index.actor("bob")) == "RepoNotFound"
    assert client.refused("sync.getRepoStatus", did="alice.test") == "InvalidRequest"


def test_the_lexicon_lists_every_reason() -> None:
    """The closed set of the indexer is the one that clients read."""
    assert known_values("getRepoStatus", "reason") == set(Desync) == set(WORDS)


def test_the_lexicon_lists_every_gap_and_every_answer() -> None:
    """The indexer's other closed sets too."""
    gap = definition("getRepoStatus", "gap")["properties"]["reason"]
    assert set(gap["knownValues"]) == GAPS
    answer = definition("defs", "accountAnswer")["properties"]["answer"]
    assert set(answer["knownValues"]) == set(Answer)
