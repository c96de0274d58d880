"""The pure repository: every message it makes is right, by our verifier and by a slow twin."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atp import car, cbor, mst_tree
from atp.commit import Commit
from atp.frames import CommitMsg
from atp.keys import Curve
from atp.mst_tree import Tree
from atp.sync import Chain, RepoState, check_commit, check_sync
from atp.syntax import Did, Nsid
from ops.world.keys import Secrets
from ops.world.repo import Create, Delete, Repo, Update, Write
from tests.ops.world.conftest import START
from tests.ops.world.independent import root_of

DID = Did.parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
SECRETS = Secrets(3, "account 0")
COLLECTION = "com.example.note"


def repo(curve: Curve = Curve.P256) -> Repo:
    """An empty repository."""
    return Repo(DID, SECRETS.key("signing 0", curve), SECRETS.tid_clock(), START)


@st.composite
def histories(draw: st.DrawFn) -> list[list[Write]]:
    """Commits that can follow each other in a repository that begins empty."""
    live: set[str] = set()
    history = []
    for batch in draw(st.lists(st.sets(st.integers(0, 60), max_size=12), max_size=8)):
        writes: list[Write] = []
        for number in sorted(batch):
            rkey = f"key-{number}"
            record = {"n": draw(st.integers(0, 3))}
            if rkey not in live:
                writes.append(Create(COLLECTION, record, rkey))
                live.add(rkey)
            elif draw(st.booleans()):
                writes.append(Update(COLLECTION, rkey, record))
            else:
                writes.append(Delete(COLLECTION, rkey))
                live.remove(rkey)
        history.append(writes)
    return history


@settings(max_examples=60, deadline=None)
@given(histories(), st.sampled_from(Curve))
def test_commits_continue_and_invert(history: list[list[Write]], curve: Curve) -> None:
    """Each commit passes all checks, chains on the one before and inverts to its tree."""
    repository = repo(curve)
    key = repository.key.public_key
    genesis = check_commit(repository.genesis(START), key, None, START)
    assert genesis.chain is Chain.GENESIS
    state = RepoState(genesis.rev, genesis.data)
    for writes in history:
        now = START + 1_000
        checked = check_commit(repository.apply(writes, now), key, state, now)
        assert checked.chain is Chain.CONTINUES
        assert [op.block is None for op in checked.ops] == [
            isinstance(write, Delete) for write in writes
        ]
        state = RepoState(checked.rev, checked.data)
        assert checked.data == root_of({p: r.cid for p, r in repository.records.items()})


def test_genesis_has_no_previous() -> None:
    """The first commit says neither `since` nor `prevData`, and holds the empty tree."""
    message = repo().genesis(START)
    assert (message.since, message.prev_data, message.ops) == (None, None, ())
    assert Tree.empty().root in car.read(message.blocks).blocks


def test_record_gets_its_type_and_key() -> None:
    """A record without `$type` or key is given both, in the block too."""
    repository = repo()
    message = repository.apply([Create(COLLECTION, {"text": "♪"})], START)
    [op] = message.ops
    assert op.cid is not None
    block = car.read(message.blocks).blocks[op.cid]
    assert cbor.decode(block) == {"$type": COLLECTION, "text": "♪"}
    assert repository.records[op.path].value == {"$type": COLLECTION, "text": "♪"}
    assert op.rkey < message.rev


def test_sync_states_the_head() -> None:
    """A `#sync` is the signed head and nothing else."""
    repository = repo()
    repository.apply([Create(COLLECTION, {})], START)
    message = repository.announce(START)
    checked = check_sync(message, repository.key.public_key, START)
    assert checked.commit_cid == repository.head.cid
    assert list(car.read(message.blocks).blocks) == [repository.head.cid]


def test_car_is_the_whole_repository() -> None:
    """The CAR of getRepo verifies as a whole and has every record."""
    repository = repo()
    repository.apply([Create(COLLECTION, {"n": n}, f"k{n}") for n in range(200)], START)
    content = car.read(repository.to_car())
    commit = Commit.from_bytes(content.blocks[content.roots[0]])
    assert commit.verify(repository.key.public_key)
    found = {key.decode(): cid for key, cid in mst_tree.verify_whole(commit.data, content.blocks)}
    assert found == {path: record.cid for path, record in repository.records.items()}
    assert all(cid in content.blocks for cid in found.values())


@pytest.mark.parametrize("rkey", ["k7", "absent"])
def test_proof_shows_presence_and_absence(rkey: str) -> None:
    """The CAR of getRecord alone decides whether a record is there."""
    repository = repo()
    repository.apply([Create(COLLECTION, {"n": n}, f"k{n}") for n in range(50)], START)
    path = f"{COLLECTION}/{rkey}"
    content = car.read(repository.proof(path))
    commit = Commit.from_bytes(content.blocks[content.roots[0]])
    cid = Tree.load(commit.data, content.blocks).get(path.encode())
    record = repository.records.get(path)
    assert cid == (record.cid if record else None)
    assert cid is None or cid in content.blocks


def test_collections_come_and_go() -> None:
    """A collection is there as long as it has a record."""
    repository = repo()
    repository.apply([Create(COLLECTION, {}, "a"), Create("com.example.other", {}, "b")], START)
    repository.apply([Delete("com.example.other", "b")], START)
    assert repository.collections() == {COLLECTION}
    assert [rkey for rkey, _ in repository.records_of(Nsid.parse(COLLECTION))] == ["a"]


@pytest.mark.parametrize(
    ("writes", "why"),
    [
        ([Create(COLLECTION, {}, "there")], "exists already"),
        ([Update(COLLECTION, "absent", {})], "does not exist"),
        ([Delete(COLLECTION, "absent")], "does not exist"),
        ([Update(COLLECTION, "there", {}), Delete(COLLECTION, "there")], "only once"),
        ([Create(COLLECTION, {})] * 201, "200 are allowed"),
        ([Create(COLLECTION, {"text": "x" * 1_000_000})], "over the 1000000 allowed"),
        ([Create(COLLECTION, {"text": "x" * 500_000, "n": n}) for n in range(5)], "2000000"),
        ([Create(COLLECTION, {"n": 1.5})], "whole numbers"),
        ([Create("no-nsid", {})], "no-nsid"),
    ],
)
def test_refused_writes_change_nothing(writes: Sequence[Write], why: str) -> None:
    """What a PDS would refuse is refused, and head and records stay."""
    repository = repo()
    repository.apply([Create(COLLECTION, {}, "there")], START)
    before = (repository.head, dict(repository.records), repository.to_car())
    with pytest.raises(ValueError, match=why):
        repository.apply(writes, START)
    assert (repository.head, dict(repository.records), repository.to_car()) == before


def test_same_secrets_same_bytes() -> None:
    """Nothing but keys, clock and writes goes into a message."""

    def play() -> list[CommitMsg]:
        repository = repo()
        return [repository.apply([Create(COLLECTION, {"n": n})], START + n) for n in range(20)]

    assert play() == play()


def test_a_copy_goes_on_alone() -> None:
    """What is written to a copy, under its own key, continues the original and leaves it be."""
    original = repo()
    original.apply([Create(COLLECTION, {}, "both")], START)
    key = SECRETS.key("signing 1", Curve.P256)
    before = RepoState(original.head.rev, original.head.data)
    copy = original.copy(key)
    message = copy.apply([Create(COLLECTION, {}, "later")], START)
    checked = check_commit(message, key.public_key, before, START)
    assert checked.chain is Chain.CONTINUES
    assert set(original.records) == {f"{COLLECTION}/both"}
    assert original.head.rev == before.rev
