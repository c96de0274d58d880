"""One key follows another: nothing is lost on the way, and nothing else of a label changes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import cbor2
import pytest
from atproto_crypto.verify import verify_signature  # type: ignore[import-untyped]

from atp.keys import Curve, PrivateKey, PublicKey
from atp.label import Label
from atp.runtime import control, sqlite
from atp.runtime.control import ControlError
from labeler import keys, rotate, schema, store, store_keys
from labeler.decide import Statement
from labeler.keys import KeyFileError, Signer
from labeler.labels import Paused
from labeler.rotate import Rotation, next_file, rotating
from labeler.service import Labeler, LabelerConfig, opened
from tests.conftest import ROOT
from tests.labeler.making import KEY, NOW, SRC, made
from tests.labeler.served import ACTOR, CATALOG, Served, reading, served, tracks, until

OTHER = PrivateKey.from_bytes(Curve.K256, b"\x06" * 32)
ROUNDS = 5
ASK = {"actor": ACTOR, "reason": None, "compromised": False}
DISTRUST = {**ASK, "compromised": True}


class Document:
    """A DID document that shows a key when it is told to."""

    def __init__(self, *, follows: bool = True) -> None:
        self.follows = follows
        self.asked = 0

    async def __call__(self, _key: PublicKey) -> bool:
        """Whether it does."""
        self.asked += 1
        return self.follows


def key_file(folder: Path) -> Path:
    """The labeler's key, written where there is none."""
    path = folder / "key"
    if not path.exists():
        keys.write_new(path, b"\x05" * 32)
    return path


@asynccontextmanager
async def labeler(folder: Path, document: Document | None = None) -> AsyncIterator[Labeler]:
    """The labeler of a folder, with the key that its file has now."""
    path = key_file(folder)
    async with (
        opened(LabelerConfig(folder, SRC, keys.read(path)), CATALOG, lambda: NOW) as it,
        rotating(it, path, document or Document()),
    ):
        yield it


async def done(it: Labeler) -> None:
    """Wait until nothing is under way any more."""
    async with asyncio.timeout(30):
        while (state := await it.commands["rotation"]({}))["next"] or state["left"]:
            assert state["problem"] is None
            await asyncio.sleep(0.005)


def kept(it: Labeler) -> list[tuple[int, Label]]:
    """Every label."""
    return store.after(it.reader, 0, 1_000_000)


def unsigned(labels: list[tuple[int, Label]]) -> list[tuple[int, Label]]:
    """All of labels but their signatures."""
    return [(seq, replace(label, sig=None)) for seq, label in labels]


async def test_all_labels_are_signed_anew(tmp_path: Path) -> None:
    """Place, time and words stay, others' code takes the signatures; new labels have the key too."""
    async with labeler(tmp_path) as it:
        await it.labels.apply([*tracks(3), Statement("did:web:a.test", "x", neg=True)], ACTOR)
        before = kept(it)
        told = await it.commands["rotate"](ASK)
        await done(it)
        await it.labels.apply(tracks(1), ACTOR)
        after, key = kept(it), it.public_key
        assert key is not None
        assert key != KEY.public_key
        assert (told["did"], key.did_key()) == (SRC, told["next"] or told["key"])
        assert unsigned(after[: len(before)]) == unsigned(before)
        for _, label in after:
            fields = label.to_json()
            sig = fields.pop("sig")
            assert isinstance(sig, dict)
            signed = cbor2.dumps(fields, canonical=True)
            assert verify_signature(key.did_key(), signed, b64decode(sig["$bytes"] + "=="))
        assert keys.read(tmp_path / "key").public_key == key
        assert not next_file(tmp_path / "key").exists()
        events = it.reader.execute("SELECT actor, subject, notes FROM events WHERE action='rotate'")
        assert events.fetchall() == [(ACTOR, SRC, key.did_key())]


async def test_nothing_is_signed_until_the_document_shows_the_key(tmp_path: Path) -> None:
    """Over a restart too; the labels that are there are served meanwhile, as they were signed."""
    document = Document(follows=False)
    async with labeler(tmp_path, document) as it:
        await it.labels.apply(tracks(2), ACTOR)
        target = (await it.commands["rotate"](ASK))["next"]
        await until(lambda: document.asked > 0)
        with pytest.raises(Paused, match=target):
            await it.labels.apply(tracks(1), ACTOR)
        with pytest.raises(ControlError, match="Paused"):
            await control.request(
                tmp_path / schema.FILE, "apply", {**ASK, "statements": [{"uri": SRC, "val": "a"}]}
            )
        assert (await it.commands["rotation"]({}))["waits"]
    async with labeler(tmp_path, document) as it:
        with pytest.raises(Paused):
            await it.labels.apply(tracks(1), ACTOR)
        assert all(
            label.verify(KEY.public_key) for _, label in store_keys.showable(it.reader, 0, 9)
        )
        again = await it.commands["rotate"](ASK)
        assert again["next"] == target, "the key that has been announced stays"
    document.follows = True
    async with labeler(tmp_path, document) as it:
        await done(it)
        await it.labels.apply(tracks(1), ACTOR)
        assert it.public_key is not None
        assert it.public_key.did_key() == target
        assert all(label.verify(it.public_key) for _, label in kept(it))


async def test_what_a_compromised_key_signed_is_not_shown(tmp_path: Path) -> None:
    """Queries are to come later, streams stop before it, and go on when it is signed anew."""
    document = Document(follows=False)
    async with served(tmp_path) as it:
        given = await it.give(*tracks(600))
        async with reading(it.port, 0) as before:
            await before.labels(600)  # pages that are kept
        rotation = Rotation(it.labeler, key_file(tmp_path), document)
        async with reading(it.port, given[9].seq) as early, reading(it.port) as live:
            await early.labels(590)
            await rotation.commands["rotate"](DISTRUST)
            status, body = await it.query(("uriPatterns", "at://*"))
            assert (status, body["error"]) == (503, "NotEnoughResources")
            assert await it.found("did:web:none.test") == []
            async with reading(it.port, 0) as replay, reading(it.port, given[300].seq) as middle:
                with pytest.raises(TimeoutError):
                    await replay.socket.receive(0.1)
                document.follows = True
                running = asyncio.create_task(rotation.run())
                key = await switched(it)
                new = await it.say("did:web:new.test")
                for reader, first in ((replay, 0), (middle, 301)):
                    got = await reader.labels(601 - first)
                    assert [seq for seq, _ in got] == [one.seq for one in [*given, new]][first:]
                    assert all(label.verify(key) for _, label in got)
                assert await live.label() == (new.seq, new.label)
                running.cancel()
        assert all(label.verify(key) for label in await it.found("at://*"))


async def switched(it: Served) -> PublicKey:
    """The next key, once it signs."""
    await until(lambda: it.labeler.public_key != KEY.public_key)
    await until(lambda: store_keys.pending(it.labeler.reader) is None)
    assert it.labeler.public_key is not None
    return it.labeler.public_key


async def test_a_compromised_key_does_not_come_back(tmp_path: Path) -> None:
    """Nor does one that waited beside it, where whoever read the one may have read the other."""
    async with labeler(tmp_path) as it:
        await it.labels.apply(tracks(1), ACTOR)
        keys.write_new(next_file(tmp_path / "key"), b"\x07" * 32)
        with pytest.raises(ControlError, match="remove it first"):
            await it.commands["rotate"](DISTRUST)
        next_file(tmp_path / "key").unlink()
        await it.commands["rotate"](DISTRUST)
        await done(it)
        keys.write_new(next_file(tmp_path / "key"), b"\x05" * 32)
        with pytest.raises(ControlError, match="OldKey"):
            await it.commands["rotate"](ASK)
        await it.labels.apply(tracks(1), ACTOR)


async def test_labels_of_another_key_are_signed_anew_at_the_start(tmp_path: Path) -> None:
    """After a restore from an old backup, or where the setting names another file."""
    async with made(tmp_path) as it:
        it.labels.signer = Signer(SRC, OTHER)
        await it.labels.apply(tracks(rotate.BATCH + 1), ACTOR)
    async with labeler(tmp_path) as again:
        await done(again)
        assert all(label.verify(KEY.public_key) for _, label in kept(again))


async def test_a_key_that_is_lost_is_followed_by_another(tmp_path: Path) -> None:
    """The labeler says so, labels nothing, and takes a new rotation."""
    document = Document(follows=False)
    async with labeler(tmp_path, document) as it:
        await it.labels.apply(tracks(1), ACTOR)
        lost = (await it.commands["rotate"](ASK))["next"]
    next_file(tmp_path / "key").unlink()
    async with labeler(tmp_path) as it:
        async with asyncio.timeout(30):
            while (problem := (await it.commands["rotation"]({}))["problem"]) is None:
                await asyncio.sleep(0.005)
        assert lost in problem
        with pytest.raises(Paused):
            await it.labels.apply(tracks(1), ACTOR)
        await it.commands["rotate"](ASK)
        await done(it)
        await it.labels.apply(tracks(1), ACTOR)


async def test_without_a_key_there_is_nothing_to_rotate(tmp_path: Path) -> None:
    """It says what to do."""
    async with (
        opened(LabelerConfig(tmp_path, SRC, None), CATALOG, lambda: NOW) as it,
        rotating(it, None, Document()),
    ):
        with pytest.raises(ControlError, match="NoKey"):
            await it.commands["rotate"](ASK)


async def test_a_folder_that_takes_no_file_is_found_out_before_the_pause(tmp_path: Path) -> None:
    """Labels go on as before."""
    async with labeler(tmp_path) as it:
        (tmp_path / "key.next").mkdir()
        with pytest.raises(ControlError, match=KeyFileError.__name__):
            await it.commands["rotate"](ASK)
        await it.labels.apply(tracks(1), ACTOR)


def test_kills_at_any_moment_are_made_good(tmp_path: Path) -> None:
    """SIGKILL: every row verifies with the key of its number, and the last life ends the work."""
    random = Random(7)
    life(tmp_path, None)
    conn = sqlite.connect(tmp_path / schema.FILE, readonly=True)
    first = unsigned(store.after(conn, 0, 10_000))
    assert len(first) > rotate.BATCH
    for _ in range(ROUNDS):
        life(tmp_path, random.uniform(0.0, 0.25))
        by_key = conn.execute("SELECT seq, did_key FROM labels JOIN keys ON key = id").fetchall()
        signed_by = {seq: PublicKey.from_did_key(str(did_key)) for seq, did_key in by_key}
        labels = store.after(conn, 0, 10_000)
        assert all(label.verify(signed_by[seq]) for seq, label in labels)
        assert unsigned(labels)[: len(first)] == first
    life(tmp_path, None)
    now = keys.read(tmp_path / "key").public_key
    labels = store.after(conn, 0, 10_000)
    assert unsigned(labels)[: len(first)] == first
    assert all(label.verify(now) for _, label in labels)
    assert store_keys.pending(conn) is None
    conn.close()


def life(folder: Path, seconds: float | None) -> None:
    """Let a labeler rotate its key for a while and kill it, or let it end its work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.labeler.rotator", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    if seconds is not None:
        time.sleep(seconds)
        process.kill()
    process.communicate()
    assert seconds is not None or process.returncode == 0
