"""``com.atproto.sync.getRecord``: the CAR proves the record to somebody who trusts nobody here."""

from __future__ import annotations

import orjson
import pytest

from atp import car
from atp.cid import Cid
from atp.commit import Commit
from atp.mst_tree import Tree
from atp.syntax import Nsid
from atp.tid import Tid
from indexer.apply import Applier
from indexer.event import Outcome
from lexicons.methods import method
from lexicons.names import GET_RECORD
from tests.appview.client import CATALOG, Client
from tests.appview.index import NAMES, START, Index
from tests.atp.runtime.asgi_call import Answer
from tests.indexer.authors import Author, Create, Delete, Update, track

T1, T2 = "3kaaaaaaaaaa2", "3kaaaaaaaaab2"


def apply(index: Index, *outcomes: Outcome) -> None:
    """Have the indexer write these events."""
    applier = Applier(NAMES, CATALOG)
    for outcome in outcomes:
        applier.apply(index.conn, outcome, START)


def ask(client: Client, author: Author, rkey: str, collection: Nsid = NAMES.track) -> Answer:
    """The query, answered as it may be."""
    query = f"did={author.did}&collection={collection}&rkey={rkey}"
    return client.page(f"/xrpc/{GET_RECORD}", query.encode())


def proven(client: Client, author: Author, rkey: str) -> tuple[Tid, bytes]:
    """The rev and the record that an answer proves, checked with the author's public key alone."""
    answer = ask(client, author, rkey)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/vnd.ipld.car"
    file = car.read(answer.body)
    (root,) = file.roots
    assert next(iter(file.blocks)) == root
    commit = Commit.from_bytes(file.blocks[root])
    assert commit.did == author.did
    assert commit.verify(author.key.public_key)
    cid = Tree.load(commit.data, file.blocks).get(f"{NAMES.track}/{rkey}".encode())
    assert cid is not None
    return commit.rev, file.blocks[cid]


def refused(client: Client, author: Author, rkey: str = T1) -> str:
    """The name of the error, which the lexicon lists."""
    answer = ask(client, author, rkey)
    assert answer.status == 400, answer.body
    error = orjson.loads(answer.body)["error"]
    assert error in method(CATALOG, GET_RECORD).errors
    return str(error)


def test_proves_a_record_also_after_later_commits(client: Client, index: Index) -> None:
    """The answer is the record as of the rev that wrote it, whatever the repo did since."""
    for mira in (Author(0), Author(1)):
        first = mira.commit(*(mira.track(f"3kaaaaaaaa{x}a2") for x in "abcdefghijkl"))
        apply(index, first)
        expected = first.rev, mira.repo.records[f"{NAMES.track}/{T1}"].block
        assert proven(client, mira, T1) == expected
        apply(index, mira.commit(mira.track(T2)), mira.commit(Delete(NAMES.track, T2)))
        apply(index, mira.commit(Create("app.bsky.feed.post", {"text": "hi"})))
        assert proven(client, mira, T1) == expected


def test_proves_the_newest_version(client: Client, index: Index) -> None:
    """An update is proven by the commit that made it; one of our schema's liking or not."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1)))
    update = mira.commit(Update(NAMES.track, T1, track(title="")))
    apply(index, update)
    block = mira.repo.records[f"{NAMES.track}/{T1}"].block
    assert proven(client, mira, T1) == (update.rev, block)


def test_no_live_record_no_proof(client: Client, index: Index) -> None:
    """Unknown repos, unknown records and deleted ones are told apart by name."""
    mira = Author(0)
    assert refused(client, mira) == "RepoNotFound"
    apply(index, mira.commit(mira.track(T1)))
    assert refused(client, mira, T2) == "RecordNotFound"
    apply(index, mira.commit(Delete(NAMES.track, T1)))
    assert refused(client, mira) == "RecordNotFound"


def test_a_record_without_a_kept_proof_is_not_found(client: Client, index: Index) -> None:
    """A record that did not come in a commit cannot be proven from here."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1)))
    index.conn.execute("UPDATE records SET cid = ?", (Cid.for_cbor(b"\xa0"),))
    assert refused(client, mira) == "RecordNotFound"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("takendown", "RepoTakendown"),
        ("suspended", "RepoSuspended"),
        ("deactivated", "RepoDeactivated"),
        ("deleted", "RepoNotFound"),
        (None, "RepoDeactivated"),
    ],
)
def test_a_hidden_account_proves_nothing(
    client: Client, index: Index, status: str | None, error: str
) -> None:
    """The error says why, by the names of the spec."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1)), mira.account(active=False, status=status))
    assert refused(client, mira) == error


def test_this_operator_s_takedown_is_one_too(client: Client, index: Index) -> None:
    """Whatever the account's host says."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1)))
    index.conn.execute("UPDATE actors SET takedown = 'for a reason of ours'")
    assert refused(client, mira) == "RepoTakendown"


def test_a_reactivated_account_s_proof_is_back(client: Client, index: Index) -> None:
    """Hiding forgets nothing."""
    mira = Author(0)
    first = mira.commit(mira.track(T1))
    apply(index, first, mira.account(active=False), mira.account(active=True))
    assert proven(client, mira, T1)[0] == first.rev


@pytest.mark.parametrize("query", [b"", b"did=x&collection=a.b.c&rkey=a", b"did=did:web:a.test"])
def test_parameters_are_checked(client: Client, query: bytes) -> None:
    """A call that the lexicon does not allow is an InvalidRequest."""
    answer = client.page(f"/xrpc/{GET_RECORD}", query)
    assert (answer.status, orjson.loads(answer.body)["error"]) == (400, "InvalidRequest")
