"""Proofs are kept for what is live, as of the commit that wrote it, and go with it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from atp import car
from atp.cid import Cid
from atp.commit import Commit
from atp.mst_tree import Tree
from atp.sync import VerifiedCommit
from atp.tid import Tid
from indexer.store import rows
from indexer.store.rows import Version
from tests.indexer.authors import (
    NAMES,
    PDS,
    Author,
    Create,
    Delete,
    Index,
    Update,
    track,
    without_record,
)

T1, T2, T3 = "3kaaaaaaaaaa2", "3kaaaaaaaaab2", "3kaaaaaaaaac2"


def kept(index: Index, author: Author, rkey: str) -> list[tuple[Cid, bytes]]:
    """The blocks of a track's proof, in order."""
    rows = index.conn.execute(
        "SELECT b.cid, b.block FROM proof_blocks p JOIN blocks b ON b.id = p.block"
        " JOIN records r ON r.id = p.record JOIN actors a ON a.id = r.actor"
        " WHERE a.did = ? AND r.rkey = ? ORDER BY p.position",
        (author.did, rkey),
    )
    return [(Cid.from_bytes(cid), block) for cid, block in rows]


def proven(index: Index, author: Author, rkey: str) -> tuple[Tid, Cid | None] | None:
    """What a track's proof proves once it is checked by itself: the rev, and the CID there."""
    proof = kept(index, author, rkey)
    if not proof:
        return None
    for cid, block in proof:
        assert cid.matches(block)
    commit = Commit.from_bytes(proof[0][1])
    assert commit.did == author.did
    assert commit.verify(author.key.public_key)
    found = Tree.load(commit.data, dict(proof[1:])).get(f"{NAMES.track}/{rkey}".encode())
    return commit.rev, found


def held(index: Index, author: Author, rkey: str) -> Cid | None:
    """The CID of a track as the index has it."""
    cid = index.one(
        "SELECT r.cid FROM records r JOIN actors a ON a.id = r.actor WHERE a.did = ? AND rkey = ?",
        author.did,
        rkey,
    )
    return cid and Cid.from_bytes(cid)


def blocks(index: Index) -> int:
    """How many blocks are kept."""
    return int(index.one("SELECT count(*) FROM blocks"))


def garbage(index: Index) -> int:
    """How many blocks prove nothing."""
    return int(
        index.one("SELECT count(*) FROM blocks WHERE id NOT IN (SELECT block FROM proof_blocks)")
    )


def test_a_proof_is_what_the_pds_would_give() -> None:
    """Commit, nodes on the path, and nothing more; the record itself is in its row."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(*(mira.track(f"3kaaaaaaaa{x}a2") for x in "abcdefghij")))
    index.apply(mira.commit(mira.track(T3)))
    path = f"{NAMES.track}/{T3}"
    theirs = car.read(mira.repo.proof(path))
    record = mira.repo.records[path]
    assert dict(kept(index, mira, T3)) == {
        cid: block for cid, block in theirs.blocks.items() if cid != record.cid
    }
    assert kept(index, mira, T3)[0][0] == theirs.roots[0]


def test_later_commits_leave_a_proof_as_of_its_rev() -> None:
    """The repo goes on; what was proven at a rev stays proven at that rev."""
    index, mira = Index(), Author(1)
    first = mira.commit(mira.track(T1))
    index.apply(first)
    index.apply(mira.commit(mira.track(T2)))
    index.apply(mira.commit(Create("app.bsky.feed.post", {"text": "hi"})))
    index.apply(mira.commit(Delete(NAMES.track, T2)))
    assert proven(index, mira, T1) == (first.rev, held(index, mira, T1))


def test_the_records_of_one_commit_share_its_blocks() -> None:
    """A block is kept once, however many records it proves."""
    index, mira = Index(), Author(0)
    rkeys = [f"3kaaaaaaaa{x}{y}2" for x in "abcde" for y in "abcdefghij"]
    index.apply(mira.commit(*(mira.track(rkey) for rkey in rkeys)))
    assert blocks(index) == 1 + len(
        {cid for rkey in rkeys for cid, _ in kept(index, mira, rkey)[1:]}
    )
    assert len({kept(index, mira, rkey)[0][0] for rkey in rkeys}) == 1


def test_a_new_version_has_a_new_proof() -> None:
    """Overwriting drops the old commit and nodes, also where the value stays the same."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track(T1)))
    for title in ("B", "B"):
        update = mira.commit(Update(NAMES.track, T1, track(title=title)))
        index.apply(update)
        assert proven(index, mira, T1) == (update.rev, held(index, mira, T1))
        assert blocks(index) == len(kept(index, mira, T1))


def test_a_deleted_record_s_proof_goes_at_once() -> None:
    """Law 5: no block that only it needed is left, and another's proof stays whole."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track(T1), mira.track(T2)))
    index.apply(mira.commit(Delete(NAMES.track, T1)))
    assert kept(index, mira, T1) == []
    assert garbage(index) == 0
    assert proven(index, mira, T2) is not None
    index.apply(mira.commit(Delete(NAMES.track, T2)))
    assert blocks(index) == 0


def test_a_purged_account_s_proofs_go_and_others_stay() -> None:
    """Law 5: a deleted account leaves no block."""
    index, mira, ada = Index(), Author(0), Author(1)
    index.apply(mira.commit(mira.track(T1), mira.track(T2)))
    index.apply(ada.commit(ada.track(T1)))
    index.confirm(mira.account(active=False, status="deleted"))
    assert kept(index, mira, T1) == []
    assert blocks(index) == len(kept(index, ada, T1))


def test_a_hidden_account_s_proofs_wait_for_its_return() -> None:
    """Hiding is for whoever answers; the index keeps what comes back."""
    index, mira = Index(), Author(0)
    index.apply(mira.commit(mira.track(T1)))
    index.confirm(mira.account(active=False, status="takendown"))
    assert proven(index, mira, T1) is not None


def test_no_proof_outlives_its_version_whoever_replaces_it() -> None:
    """A version that came without a commit, as from a fetched repo, takes the old proof away."""
    index, mira = Index(), Author(0)
    commit = mira.commit(mira.track(T1))
    index.apply(commit)
    actor = rows.actor(index.conn, mira.did)
    (op,) = commit.ops
    record = rows.record(index.conn, actor.id, op.collection, op.rkey)
    origin = rows.origin(index.conn, PDS, repair=True)
    cid, block = Cid.for_cbor(b"\xa0"), b"\xa0"
    rows.write(index.conn, record, Version(commit.rev, cid, block, 1, False, None, origin))
    assert kept(index, mira, T1) == []
    assert blocks(index) == 0


def test_nothing_proves_a_record_that_did_not_come() -> None:
    """Without the record's block the CAR could not be given, so its path is not kept."""
    index, mira = Index(), Author(0)
    commit = mira.commit(mira.track(T1))
    (op,) = commit.ops
    index.apply(replace(commit, ops=(without_record(op),)))
    assert held(index, mira, T1) == op.cid
    assert blocks(index) == 0


def test_a_replay_changes_no_proof() -> None:
    """An old commit brings no old proof back."""
    index, mira = Index(), Author(0)
    first, second = mira.commit(mira.track(T1)), mira.commit(Update(NAMES.track, T1, track()))
    index.apply(first)
    index.apply(second)
    index.apply(first)
    found = proven(index, mira, T1)
    assert found is not None
    assert found[0] == second.rev


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_history_leaves_exactly_the_proofs_of_what_is_live(data: st.DataObject) -> None:
    """Each live record is proven at the rev that wrote it, no other is, and there is no garbage."""
    index, authors = Index(), [Author(0), Author(1)]
    written: dict[tuple[int, str], VerifiedCommit] = {}
    rkeys = [f"3kaaaaaaaa{x}a2" for x in "abcdefgh"]
    for step in range(data.draw(st.integers(1, 10))):
        number = data.draw(st.integers(0, 1))
        author = authors[number]
        writes: list[Create | Update | Delete] = []
        for rkey in data.draw(st.sets(st.sampled_from(rkeys), max_size=4)):
            exists = f"{NAMES.track}/{rkey}" in author.repo.records
            if exists and data.draw(st.booleans()):
                writes.append(Delete(NAMES.track, rkey))
            elif exists:
                writes.append(Update(NAMES.track, rkey, track(title=f"t{step // 3}")))
            else:
                writes.append(author.track(rkey, title=f"t{step // 3}"))
        commit = author.commit(*writes)
        index.apply(commit)
        for op in commit.ops:
            if op.cid is None:
                del written[number, op.rkey]
            else:
                written[number, op.rkey] = commit
        assert garbage(index) == 0
    for number, author in enumerate(authors):
        for rkey in rkeys:
            source = written.get((number, rkey))
            expected = source and (source.rev, held(index, author, rkey))
            assert proven(index, author, rkey) == expected
