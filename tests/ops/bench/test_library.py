"""The library is made of repos that anybody could check."""

from __future__ import annotations

import pytest

from atp import car
from atp.commit import Commit
from atp.mst_tree import verify_whole
from atp.sync import Chain, RepoState, check_commit
from atp.syntax import Nsid
from lexicons.catalog import Catalog
from lexicons.names import FOREIGN_PROFILE, Names
from lexicons.records import check_record
from ops.bench.library import FOREIGN, Account, Library
from ops.world.repo import Record

REPOS, RECORDS, LATER = 5, 400, 2_000_000_000_000_000
NAMES = Names()


@pytest.fixture
def library() -> Library:
    """A small one."""
    return Library(1, NAMES, REPOS, RECORDS)


def paths(account: Account) -> dict[bytes, Record]:
    """What an account has, by key."""
    return {path.encode(): record for path, record in account.repo.records.items()}


def test_every_repo_is_whole_and_signed(library: Library) -> None:
    """A stranger who knows the key finds exactly the records, each of them there."""
    for account in library.accounts:
        read = car.read(account.repo.to_car())
        commit = Commit.from_bytes(read.blocks[read.roots[0]])
        assert commit.did == account.did
        assert commit.verify(account.key.public_key)
        found = dict(verify_whole(commit.data, read.blocks))
        assert found == {key: record.cid for key, record in paths(account).items()}
        assert all(read.blocks[record.cid] == record.block for record in paths(account).values())


def test_records_of_ours_are_as_many_as_asked_for_and_valid(library: Library) -> None:
    """The rest is another application's, and about as much."""
    catalog = Catalog.load(NAMES.namespace)
    count = dict.fromkeys((*NAMES.collections, FOREIGN_PROFILE, FOREIGN), 0)
    for account in library.accounts:
        for collection in NAMES.collections:
            for rkey, record in account.repo.records_of(collection):
                assert check_record(catalog, NAMES, collection, rkey, record.value).valid
        for path in account.repo.records:
            count[Nsid(path.partition("/")[0])] += 1
    assert sum(count[collection] for collection in NAMES.collections) == RECORDS
    assert min(count.values()) > 0
    assert count[FOREIGN] == RECORDS + REPOS


def test_what_follows_continues_each_repo(library: Library) -> None:
    """The backlog verifies with inversion, commit by commit, from the repos as they were."""
    keys = {account.did: account.key.public_key for account in library.accounts}
    heads = {
        account.did: RepoState(account.repo.head.rev, account.repo.head.data)
        for account in library.accounts
    }
    for seq, message in enumerate(library.more(50), 1):
        commit = check_commit(message, keys[message.repo], heads[message.repo], LATER)
        assert (message.seq, commit.chain) == (seq, Chain.CONTINUES)
        heads[message.repo] = RepoState(commit.rev, commit.data)


def test_same_seed_same_bytes(library: Library) -> None:
    """Figures of two days are of one fixture."""
    again = Library(1, NAMES, REPOS, RECORDS)
    for one, other in zip(library.accounts, again.accounts, strict=True):
        assert one.repo.to_car() == other.repo.to_car()
