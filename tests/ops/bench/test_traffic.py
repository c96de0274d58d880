"""The traffic is what it claims to be: valid, chained and mixed like a relay's."""

from __future__ import annotations

from collections import Counter

import pytest

from atp import car, cbor, frames
from atp.frames import CommitMsg
from atp.sync import Chain, RepoState, check_commit
from atp.syntax import Did
from lexicons.catalog import Catalog
from lexicons.names import Names
from lexicons.records import check_record
from ops.bench import traffic
from ops.bench.traffic import START, Traffic

NAMES = Names()
COUNT = 2_000

pytestmark = pytest.mark.usefixtures("small_repos")


def test_every_commit_verifies_and_continues() -> None:
    """Each commit passes every check of the protocol and leads on from the one before."""
    made = Traffic(1, NAMES)
    keys = {each.did: each.key.public_key for each in [*made._authors, *made.listeners]}
    heads: dict[Did, RepoState] = {}
    checked = 0
    for sent in made.sent(COUNT):
        message = frames.decode(sent.frame)
        if not isinstance(message, CommitMsg):
            continue
        head = heads.get(message.repo)
        commit = check_commit(message, keys[message.repo], head, START + 10**12)
        assert commit.chain is (Chain.CONTINUES if head else Chain.FIRST_SEEN)
        heads[message.repo] = RepoState(commit.rev, commit.data)
        checked += 1
    assert checked > 0.99 * COUNT


def test_mix_is_a_relay_s() -> None:
    """Mostly single creates, a tenth deletes, a little of everything else; ours are few."""
    kinds: Counter[str] = Counter()
    for sent in Traffic(1, NAMES).sent(COUNT):
        message = frames.decode(sent.frame)
        kinds[type(message).__name__] += 1
        if isinstance(message, CommitMsg):
            kinds[" ".join(op.action for op in message.ops)] += 1
            collections = {op.collection for op in message.ops}
            assert sent.ours == bool(collections & set(NAMES.collections))
        kinds["ours"] += sent.ours
    assert kinds["create"] > 0.8 * COUNT
    assert 0.07 * COUNT < kinds["delete"] < 0.13 * COUNT
    assert kinds["update"]
    assert kinds["create create"]
    assert kinds["IdentityMsg"]
    assert kinds["AccountMsg"]
    assert kinds["ours"] == 3 / 4 * COUNT / traffic.LISTENER_EVERY


def test_ours_are_valid_records() -> None:
    """An indexer has no reason to leave a record of ours out, and the last message is one."""
    catalog = Catalog.load()
    sent = list(Traffic(1, NAMES).sent(COUNT))
    assert sent[-1].ours
    for one in sent:
        if not one.ours:
            continue
        message = frames.decode(one.frame)
        assert isinstance(message, CommitMsg)
        [op] = message.ops
        assert op.cid is not None
        record = cbor.decode(car.read(message.blocks).blocks[op.cid])
        check = check_record(catalog, NAMES, op.collection, op.rkey, record)
        assert (check.problems, check.tolerated) == ((), ())


def test_same_seed_same_bytes() -> None:
    """The seed decides every byte."""
    one, same, other = (list(Traffic(seed, NAMES).sent(300)) for seed in (1, 1, 2))
    assert one == same
    assert one != other
