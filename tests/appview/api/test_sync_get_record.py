"""``com.atproto.sync.getRecord``: the CAR proves the record to somebody who trusts nobody here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from appview.proofs import CLAIMS
from atp import car
from atp.commit import Commit
from atp.mst_tree import Tree
from atp.syntax import Nsid
from atp.tid import Tid
from indexer.apply import Applier
from indexer.event import Outcome
from lexicons.methods import method
from lexicons.names import GET_RECORD
from tests.appview.client import CATALOG, Client
from tests.appview.index import LABELER, NAMES, START, Index
from tests.appview.pds import Outside, outside
from tests.atp.runtime.asgi_call import Answer, call
from tests.atp.second_opinion import proven as second_opinion
from tests.indexer.authors import SOURCE, Author, Create, Delete, Update, track

T1, T2 = "3kaaaaaaaaaa2", "3kaaaaaaaaab2"


def apply(index: Index, *outcomes: Outcome) -> None:
    """Have the indexer write these events."""
    applier = Applier(NAMES, CATALOG)
    for outcome in outcomes:
        applier.apply(index.conn, outcome, START, SOURCE)


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


def test_who_is_not_followed_is_not_asked_about(client: Client, index: Index) -> None:
    """Neither strange repos nor strange collections make us ask anybody anything."""
    mira = Author(0)
    assert refused(client, mira) == "RepoNotFound"
    apply(index, mira.commit(mira.track(T1)))
    assert ask(client, mira, T1, Nsid("app.bsky.feed.post")).status == 400
    assert ask(client, mira, T1, Nsid("fm.plyr.stg.track")).status == 400


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
    apply(index, mira.commit(mira.track(T1)))
    index.conn.execute("UPDATE actors SET upstream_active = 0, upstream_status = ?", (status,))
    assert refused(client, mira) == error


def test_this_operator_s_takedown_is_one_too(client: Client, index: Index) -> None:
    """Whatever the account's host says."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1)))
    index.conn.execute("UPDATE actors SET takedown = 'for a reason of ours'")
    assert refused(client, mira) == "RepoTakendown"


def test_what_our_own_labeler_takes_down_is_not_proven(client: Client, index: Index) -> None:
    """A record, and then its account; another's word removes no proof."""
    mira = Author(0)
    apply(index, mira.commit(mira.track(T1), mira.track(T2)))
    index.label(mira.uri(NAMES.track, T1), "!takedown")
    index.label(mira.did, "!suspend")
    assert proven(client, mira, T1)
    index.own(LABELER)
    index.label(mira.did, "!suspend", neg=True)
    assert refused(client, mira) == "RecordNotFound"
    assert proven(client, mira, T2)
    index.label(mira.did, "!suspend")
    assert refused(client, mira, T2) == "RepoTakendown"


def test_a_reactivated_account_s_proof_is_back(client: Client, index: Index) -> None:
    """Hiding forgets nothing."""
    mira = Author(0)
    first = mira.commit(mira.track(T1))
    apply(index, first)
    index.status(mira.did, active=False)
    assert refused(client, mira) == "RepoDeactivated"
    index.status(mira.did, active=True)
    assert proven(client, mira, T1)[0] == first.rev


@pytest.mark.parametrize("query", [b"", b"did=x&collection=a.b.c&rkey=a", b"did=did:web:a.test"])
def test_parameters_are_checked(client: Client, query: bytes) -> None:
    """A call that the lexicon does not allow is an InvalidRequest."""
    answer = client.page(f"/xrpc/{GET_RECORD}", query)
    assert (answer.status, orjson.loads(answer.body)["error"]) == (400, "InvalidRequest")


class Asking:
    """The query as somebody else asks it, of a host that knows a PDS."""

    def __init__(self, index: Index, around: Outside) -> None:
        self.client = Client(index, around.network)
        self.client.now = START
        self.pds = around.pds
        self.mira = around.register(Author(0))
        apply(index, self.mira.commit(self.mira.track(T1)))

    async def answer(self, rkey: str = T1) -> Answer:
        """The answer, whatever it is."""
        await asyncio.sleep(0)  # as requests that come together share a snapshot
        query = f"did={self.mira.did}&collection={NAMES.track}&rkey={rkey}".encode()
        return await call(self.client.router, f"/xrpc/{GET_RECORD}", query)

    async def proven(self, rkey: str = T1) -> bytes | None:
        """What the answer proves, by the judgement of the second verifier."""
        answer = await self.answer(rkey)
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"] == "application/vnd.ipld.car"
        key = self.mira.key.public_key.did_key()
        return second_opinion(answer.body, self.mira.did, key, f"{NAMES.track}/{rkey}")[1]

    async def error(self, rkey: str = T1) -> str:
        """The name of the error."""
        return str(orjson.loads((await self.answer(rkey)).body)["error"])


@pytest.fixture
async def asking(index: Index) -> AsyncIterator[Asking]:
    """One record with a kept proof."""
    async with outside() as around:
        asking = Asking(index, around)
        yield asking
        asking.client.close()


def forget_proofs(index: Index) -> None:
    """Leave records as a resync writes them."""
    index.conn.execute("DELETE FROM proof_blocks")


async def test_what_is_kept_is_answered_without_the_network(asking: Asking) -> None:
    """Nobody is asked about what is at hand."""
    assert await asking.proven() is not None
    assert asking.pds.asked == []


async def test_what_is_not_kept_is_fetched(asking: Asking, index: Index) -> None:
    """A record that came by a resync is proven by its PDS."""
    forget_proofs(index)
    assert await asking.proven() == asking.mira.repo.records[f"{NAMES.track}/{T1}"].block
    assert len(asking.pds.asked) == 1


async def test_what_is_not_indexed_yet_is_proven_all_the_same(asking: Asking) -> None:
    """The PDS may be ahead of us: what it shows is signed."""
    asking.mira.commit(asking.mira.track(T2))
    assert await asking.proven(T2) is not None


async def test_there_is_a_proof_that_there_is_no_record(asking: Asking, index: Index) -> None:
    """Of a key that never was, and of a record that was deleted."""
    assert await asking.proven(T2) is None
    apply(index, asking.mira.commit(Delete(NAMES.track, T1)))
    assert await asking.proven(T1) is None


async def test_the_dead_do_not_rise(asking: Asking, index: Index) -> None:
    """A record that we know to be deleted is not shown by an old proof, remembered or replayed."""
    forget_proofs(index)
    old = asking.mira.repo.proof(f"{NAMES.track}/{T1}")
    assert await asking.proven(T1) is not None
    apply(index, asking.mira.commit(Delete(NAMES.track, T1)))
    asking.pds.lie = lambda _: old
    assert await asking.error(T1) == "UpstreamFailure"


async def asked(asking: Asking) -> asyncio.Task[Answer]:
    """A query that waits for the PDS."""
    asking.pds.flowing.clear()
    waiting = asyncio.create_task(asking.answer())
    while not asking.pds.asked:
        await asyncio.sleep(0.01)
    return waiting


async def test_hidden_meanwhile_is_hidden(asking: Asking, index: Index) -> None:
    """An account that is taken down while its PDS is being asked is not answered for."""
    forget_proofs(index)
    waiting = await asked(asking)
    index.conn.execute("UPDATE actors SET takedown = 'for a reason of ours'")
    asking.pds.flowing.set()
    assert b"RepoTakendown" in (await waiting).body


async def test_changed_meanwhile_is_not_answered_in_its_old_form(
    asking: Asking, index: Index
) -> None:
    """What was deleted while its PDS was being asked is not answered from before."""
    forget_proofs(index)
    old = asking.mira.repo.proof(f"{NAMES.track}/{T1}")
    asking.pds.lie = lambda _: old
    waiting = await asked(asking)
    apply(index, asking.mira.commit(Delete(NAMES.track, T1)))
    asking.pds.flowing.set()
    assert (await waiting).status == 503
    asking.pds.lie = bytes
    assert await asking.proven() is None


async def test_arrived_meanwhile_is_answered(asking: Asking, index: Index) -> None:
    """A commit that comes while the PDS is being asked proves it as well."""
    forget_proofs(index)
    old = asking.mira.repo.proof(f"{NAMES.track}/{T1}")
    asking.pds.lie = lambda _: old
    waiting = await asked(asking)
    apply(index, asking.mira.commit(Update(NAMES.track, T1, track(title="new"))))
    asking.pds.flowing.set()
    assert b"new" in (await waiting).body


@pytest.mark.parametrize("error", CLAIMS)
def test_every_claim_that_is_passed_on_is_in_the_lexicon(error: str) -> None:
    """A caller finds each name where it looks for it."""
    assert error in method(CATALOG, GET_RECORD).errors
