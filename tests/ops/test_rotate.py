"""`plyr label rotate` where no service runs: it does the work itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp.web
import pytest

from atp.did_doc import build
from atp.keys import PublicKey
from atp.label import KEY_ID, Label
from atp.runtime.control import Handler
from atp.runtime.http import Client
from atp.syntax import Did
from labeler import keys, rotate, store_keys
from labeler.decide import Statement
from labeler.labels import Paused
from lexicons.catalog import Catalog
from ops.cli import main
from ops.labeler import labeler
from ops.settings import Settings
from pds_client.identity import Directory
from tests.ops.test_label import ALICE, Operator


@pytest.fixture
def ann(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """An operator with a key."""
    it = Operator(tmp_path, capsys)
    it.asks(f"keygen {it.key}")
    return it


@pytest.mark.parametrize("flag", ["", "--compromised"])
def test_the_key_file_has_another_key_and_all_labels_its_signature(
    ann: Operator, flag: str
) -> None:
    """What is printed is the key; the next command signs with it."""
    given = [ann.asks(f"apply {ALICE} {val}") for val in ("spam", "rude")]
    status, out, _ = ann.types(f"rotate --reason yearly {flag} --json")
    told = json.loads(out)
    assert status == 0
    key = keys.read(ann.key).public_key
    assert told == {"key": key.did_key(), "signed": 2, "compromised": bool(flag)}
    given.append(ann.asks(f"apply {ALICE} new"))
    found = ann.asks("list")["labels"]
    assert [one["seq"] for one in found] == [one["seq"] for one in given]
    assert all(Label.from_json(one["label"]).verify(key) for one in found)


def test_people_are_told_too(ann: Operator) -> None:
    """Without --json."""
    ann.asks(f"apply {ALICE} spam")
    status, out, _ = ann.types("rotate")
    assert (status, "1 labels were signed anew" in out) == (0, True)


def test_a_key_is_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without one there is nothing to rotate."""
    assert main(["label", "rotate", f"--data-dir={tmp_path}"]) == 3
    assert "plyr label keygen" in capsys.readouterr().err


class Plc:
    """A directory that knows one labeler, and shows the key that it is told to."""

    def __init__(self, did: Did, key: PublicKey) -> None:
        self.did = did
        self.key = key

    async def answer(self, _request: aiohttp.web.Request) -> aiohttp.web.Response:
        """Its DID document."""
        return aiohttp.web.json_response(build(self.did, None, {KEY_ID: self.key}, {}))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Its URL."""
        app = aiohttp.web.Application()
        app.router.add_get("/{did}", self.answer)
        runner = aiohttp.web.AppRunner(app)
        await runner.setup()
        await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


async def test_a_plc_labeler_waits_for_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is signed until it shows the next key; a start in between is not refused."""
    monkeypatch.setattr(rotate, "ASK_AGAIN", 0.02)
    file = tmp_path / "key"
    plc = Plc(Did(ALICE), keys.write_new(file, b"\x05" * 32).public_key)
    ask = {"actor": "operator:ann", "reason": None, "compromised": False}
    said = [Statement(ALICE, "spam")]
    async with plc.serving() as url, Client(trusted_origins=(url,)) as http:
        settings = Settings(data_dir=tmp_path, labeler_did=plc.did, labeler_key_file=file)
        catalog = Catalog.load()
        async with labeler(settings, Directory(http, url), catalog) as it:
            await it.labels.apply(said, "operator:ann")
            target = (await it.commands["rotate"](ask))["next"]
            await _until_waiting(it.commands["rotation"])
            with pytest.raises(Paused):
                await it.labels.apply(said, "operator:ann")
        plc.key = PublicKey.from_did_key(target)
        async with labeler(settings, Directory(http, url), catalog) as it:
            async with asyncio.timeout(30):
                while store_keys.pending(it.reader) or store_keys.left(it.reader, target):
                    await asyncio.sleep(0.005)
            (stored,) = await it.labels.apply(said, "operator:ann")
            assert stored.label.verify(plc.key)


async def _until_waiting(rotation: Handler) -> None:
    async with asyncio.timeout(30):
        while not (await rotation({}))["waits"]:
            await asyncio.sleep(0.005)
