"""What an account does, and the events that a real PDS would send for it, in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import libipld
import pytest

from atp import frames
from atp.cid import Cid
from atp.did_doc import DidDocument
from atp.frames import AccountMsg, CommitMsg, IdentityMsg, SyncMsg
from atp.sync import Chain, RepoState, check_commit
from ops.world.account import Account
from ops.world.network import World
from ops.world.repo import Create, Delete, Update, WriteError
from tests.ops.world.conftest import START

COLLECTION = "com.example.note"


def said(world: World, deed: Callable[[], object]) -> list[object]:
    """The messages that a deed made the relay send."""
    before = world.relay.log.last
    deed()
    return [frames.decode(event.frame) for event in world.relay.log.after(before)]


def summary(messages: list[object]) -> list[str]:
    """Each message in a word or two."""
    words = []
    for message in messages:
        name = type(message).__name__
        if isinstance(message, AccountMsg):
            name += f" {message.active} {message.status}"
        elif isinstance(message, IdentityMsg):
            name += f" {message.handle}"
        words.append(name)
    return words


@pytest.mark.parametrize(
    ("deeds", "expected"),
    [
        ([lambda a: a.set_handle("bobby.test")], ["IdentityMsg bobby.test"]),
        ([Account.deactivate], ["AccountMsg False deactivated"]),
        (
            [Account.deactivate, Account.activate],
            ["AccountMsg True None", "IdentityMsg bob.test", "SyncMsg"],
        ),
        ([Account.takedown], ["AccountMsg False takendown"]),
        ([Account.takedown, Account.untakedown], ["AccountMsg True None"]),
        (
            [Account.deactivate, Account.takedown, Account.untakedown],
            ["AccountMsg False deactivated"],
        ),
        (
            [Account.takedown, Account.deactivate, Account.activate],
            ["AccountMsg False takendown"],
        ),
        ([Account.suspend], ["AccountMsg False suspended"]),
        ([Account.suspend, Account.unsuspend], ["AccountMsg True None"]),
        ([Account.suspend, Account.takedown], ["AccountMsg False takendown"]),
        ([Account.tombstone], ["AccountMsg False deleted"]),
        ([Account.announce_identity], ["IdentityMsg bob.test"]),
        ([Account.deactivate, Account.announce_status], ["AccountMsg False deactivated"]),
        ([Account.delete_account], ["AccountMsg False deleted"]),
        ([Account.emit_sync], ["SyncMsg"]),
        ([Account.rotate_key], ["IdentityMsg bob.test", "CommitMsg"]),
        ([lambda a: a.create(COLLECTION, {})], ["CommitMsg"]),
        ([lambda a: a.upload_blob(b"", "audio/wav")], []),
    ],
)
async def test_deeds_are_announced(
    world: World, deeds: list[Callable[[Account], object]], expected: list[str]
) -> None:
    """The last deed sends exactly these events."""
    bob = world.create_account("bob.test")
    for deed in deeds[:-1]:
        deed(bob)
    assert summary(said(world, lambda: deeds[-1](bob))) == expected


async def test_new_account_says_what_a_real_one_says(world: World, shared: Path) -> None:
    """The first four frames have the kinds and the fields of those that a real PDS sent."""
    recorded = (shared / "samples" / "sample_frames.bin").read_bytes()
    world.create_account("alice.test")
    for event in world.relay.log.after(0):
        length = int.from_bytes(recorded[:4])
        real, recorded = recorded[4 : 4 + length], recorded[4 + length :]
        (their_header, theirs), (our_header, ours) = (
            libipld.decode_dag_cbor_multi(frame) for frame in (real, event.frame)
        )
        assert our_header == their_header
        assert ours.keys() == theirs.keys()
        fixed = ("active", "ops", "since", "rebase", "tooBig", "blobs", "handle", "seq")
        assert {k: ours[k] for k in fixed if k in ours} == {
            k: theirs[k] for k in fixed if k in theirs
        }


async def test_records_are_written_and_named(world: World) -> None:
    """Create, update and delete give references that hold, and the truth follows."""
    alice = world.create_account("alice.test")
    note = alice.create(COLLECTION, {"text": "one"})
    assert note.uri == f"at://{alice.did}/{COLLECTION}/{note.rkey}"
    assert note.to_json() == {"uri": note.uri, "cid": str(note.cid)}
    reply = alice.create(COLLECTION, {"subject": note.to_json()}, rkey="self")
    edited = alice.update(COLLECTION, note.rkey, {"text": "two"})
    assert (edited.uri, edited.cid == note.cid) == (note.uri, False)
    assert world.records() == {
        note.uri: (edited.cid, {"$type": COLLECTION, "text": "two"}),
        reply.uri: (reply.cid, {"$type": COLLECTION, "subject": note.to_json()}),
    }
    alice.delete(COLLECTION, note.rkey)
    assert set(world.records()) == {reply.uri}


async def test_several_writes_are_one_commit(world: World) -> None:
    """Writes of all three kinds go out as one commit, each answered in its place."""
    alice = world.create_account("alice.test")
    old, gone = (alice.create(COLLECTION, {"n": n}) for n in range(2))
    before = world.relay.log.last
    created, updated, deleted = alice.apply_writes(
        [
            Create(COLLECTION, {"n": 2}),
            Update(COLLECTION, old.rkey, {"n": 3}),
            Delete(COLLECTION, gone.rkey),
        ]
    )
    [event] = world.relay.log.after(before)
    message = frames.decode(event.frame)
    assert isinstance(message, CommitMsg)
    assert [op.action for op in message.ops] == ["create", "update", "delete"]
    assert created is not None
    assert updated is not None
    assert updated.uri == old.uri
    assert deleted is None
    assert set(world.records()) == {created.uri, old.uri}


async def test_truth_is_not_the_writers_object(world: World) -> None:
    """Changing a value after it was written changes nothing."""
    alice = world.create_account("alice.test")
    record = {"items": [1]}
    note = alice.create(COLLECTION, record)
    record["items"].append(2)
    assert world.records()[note.uri][1]["items"] == [1]


@pytest.mark.parametrize("hide", [Account.deactivate, Account.takedown, Account.delete_account])
async def test_inactive_accounts_cannot_write(
    world: World, hide: Callable[[Account], None]
) -> None:
    """Who is hidden writes nothing and has no records, in truth."""
    alice = world.create_account("alice.test")
    alice.create(COLLECTION, {})
    hide(alice)
    with pytest.raises(WriteError, match="cannot write"):
        alice.create(COLLECTION, {})
    assert world.records() == {}
    assert world.statuses() == {alice.did: alice.status}


async def test_blobs_are_served_while_a_record_refers_to_them(world: World) -> None:
    """An upload is kept back until a record holds it, and goes with the last one."""
    alice = world.create_account("alice.test")
    blob = alice.upload_blob(b"RIFF", "audio/wav")
    cid = Cid.for_raw(b"RIFF")
    assert blob == {
        "$type": "blob",
        "ref": {"$link": str(cid)},
        "mimeType": "audio/wav",
        "size": 4,
    }
    assert alice.served_blobs() == set()
    one, two = (alice.create(COLLECTION, {"sound": {"audio": blob}}) for _ in range(2))
    assert alice.served_blobs() == {cid}
    alice.delete(COLLECTION, one.rkey)
    assert alice.served_blobs() == {cid}
    alice.delete(COLLECTION, two.rkey)
    assert alice.served_blobs() == set()


async def test_rotated_key_signs_from_now_on(world: World) -> None:
    """After a rotation the chain goes on, and only the new key verifies it."""
    alice = world.create_account("alice.test")
    note = alice.create(COLLECTION, {})
    old = alice.repo.key.public_key
    state = RepoState(alice.repo.head.rev, alice.repo.head.data)
    _, commit = said(world, alice.rotate_key)
    new = DidDocument.parse(world.plc.document(alice.did), alice.did).signing_key
    assert isinstance(commit, CommitMsg)
    assert new is not None
    assert new != old
    checked = check_commit(commit, new, state, START + 10_000_000)
    assert (checked.chain, checked.ops, checked.data) == (Chain.CONTINUES, (), state.data)
    assert not alice.repo.head.verify(old)
    assert set(world.records()) == {note.uri}


async def test_sync_after_activation_states_the_head(world: World) -> None:
    """The `#sync` of a reactivated account names its last commit."""
    alice = world.create_account("alice.test")
    alice.create(COLLECTION, {})
    alice.deactivate()
    sync = said(world, alice.activate)[-1]
    assert isinstance(sync, SyncMsg)
    assert sync.rev == alice.repo.head.rev


async def test_curves_take_turns(world: World) -> None:
    """Both kinds of keys are in use."""
    curves = [
        world.create_account(f"{name}.test").repo.key.public_key.curve.value
        for name in ("alice", "bob", "carol")
    ]
    assert curves == ["p256", "k256", "p256"]
