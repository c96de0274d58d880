"""The declaration of a labeler whose account has a PDS, as `plyr doctor` looks at it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from atp.did_doc import build
from atp.label import KEY_ID
from atp.runtime.http import Client
from atp.syntax import Datetime
from labeler import keys
from labeler.policy import COLLECTION, RKEY, declaration
from ops.checks import Examination, Finding, Grade
from ops.cli import main
from ops.settings import Settings
from ops.world.network import World
from pds_client.identity import Directory
from tests.clock import now
from tests.pds_client.ours import ours


async def test_the_declaration_is_looked_for_where_the_account_lives(tmp_path: Path) -> None:
    """None fails, one is taken, and a PDS that does not answer proves nothing (law 10)."""
    key = keys.write_new(tmp_path / "key", b"\x05" * 32).public_key
    async with World(5, now) as world, Client(allow_private=True, trusted_origins=()) as http:
        account = world.create_account("labeler.test")
        settings = Settings(
            data_dir=tmp_path,
            plc_url=world.plc_url,
            public_url="http://127.0.0.1:1",
            labeler_did=account.did,
            labeler_key_file=tmp_path / "key",
        )
        pds = ("AtprotoPersonalDataServer", world.pds_urls[0])
        document = build(account.did, None, {KEY_ID: key}, {"#atproto_pds": pds})
        directory = Directory(http, world.plc_url, ours=ours(document))

        async def looked_at() -> Finding:
            found = await Examination(settings, http, directory).findings()
            by_name = {one.check: one for one in found}
            assert by_name["labeler key"].grade is Grade.OK
            assert by_name["labeler service"].grade is Grade.FAIL
            return by_name["declaration"]

        missing = await looked_at()
        assert (missing.grade, COLLECTION in missing.said) == (Grade.FAIL, True)
        right = declaration(Datetime.from_micros(now()))
        account.create(COLLECTION, {**right, "policies": {"labelValues": []}}, RKEY)
        assert (await looked_at()).grade is Grade.WARN, "nothing is labelled yet"
        account.update(COLLECTION, RKEY, right)
        assert (await looked_at()).grade is Grade.OK

        flags = (f"--data-dir={tmp_path}", f"--labeler-key-file={tmp_path / 'key'}")
        line = ["label", "apply", account.did, "rude", f"--labeler-did={account.did}", *flags]
        assert await asyncio.to_thread(main, [*line, "--plc-url=http://127.0.0.1:1"]) == 0
        undeclared = await looked_at()
        assert (undeclared.grade, "rude" in undeclared.said) == (Grade.FAIL, True)
        assert "plyr label declare" in str(undeclared.todo)
        account.update(COLLECTION, RKEY, declaration(Datetime.from_micros(now()), ["rude"]))
        assert (await looked_at()).grade is Grade.OK
        await world.pdses[0].host.stop()
        assert (await looked_at()).grade is Grade.WARN
        await world.pdses[0].host.start()


def test_people_are_told_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing runs, each finding that is not good says what to do; and the status is 1."""
    nowhere = ("--public-url=http://127.0.0.1:1", "--plc-url=http://127.0.0.1:1")
    assert main(["doctor", f"--data-dir={tmp_path}", *nowhere]) == 1
    told = capsys.readouterr().out
    assert all(grade in told for grade in Grade)
    assert "plyr label keygen" in told
    assert told.count("→") >= told.count("fail ") + told.count("warn ")
