"""A labeler's account at a real PDS: `plyr label declare`, and what `plyr doctor` says of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from atp.syntax import Handle, Nsid, RecordKey
from labeler.policy import COLLECTION, RKEY
from ops.devnet.account import PASSWORD, Account
from ops.devnet.network import Devnet
from ops.devnet.pds import Pds
from tests.e2e.plyr import answered
from tests.ops.test_cli import plyr


@dataclass
class Office:
    """A labeler's account, and its operator's machine."""

    account: Account
    folder: Path
    plc_url: str

    def flags(self) -> list[str]:
        """The settings of the labeler."""
        return [
            f"--labeler-did={self.account.did}",
            f"--labeler-key-file={self.folder / 'key'}",
            f"--data-dir={self.folder}",
            f"--plc-url={self.plc_url}",
            "--allow-private-hosts",
        ]

    async def declare(self, password: str) -> tuple[int, dict[str, Any], str]:
        """Exit status, answer and complaints."""
        file = self.folder / "password"
        file.write_text(f"{password}\n")
        file.chmod(0o600)
        line = ("label", "declare", f"--password-file={file}", "--json", *self.flags())
        done = await asyncio.to_thread(plyr, *line)
        assert password not in done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout or "{}"), done.stderr

    async def kept(self) -> dict[str, Any]:
        """URI, CID and value as the PDS has them."""
        asked = {"repo": str(self.account.did), "collection": COLLECTION, "rkey": RKEY}
        return await self.account.xrpc.get("com.atproto.repo.getRecord", asked)

    async def found(self) -> dict[str, Any]:
        """What the doctor finds of the declaration."""
        _, told = await answered("doctor", *self.flags())
        (finding,) = (one for one in told["checks"] if one["check"] == "declaration")
        return dict(finding)


@pytest.fixture
async def office(installed: Path, tmp_path: Path) -> AsyncIterator[Office]:
    """An account that is to be a labeler, and a key."""
    async with (
        Devnet(pds=1, data_dir=tmp_path / "devnet") as net,
        aiohttp.ClientSession() as http,
    ):
        account = await Pds(http, net).create_account(Handle.parse("labeler.test"))
        await answered("label", "keygen", str(tmp_path / "key"))
        yield Office(account, tmp_path, net.plc_url)


@pytest.mark.timeout(180)
async def test_an_account_declares_what_it_labels(office: Office) -> None:
    """Written once, renewed for a new label, and never more than that."""
    missing = await office.found()
    assert (missing["grade"], missing["todo"]) == ("fail", "plyr label declare writes it")
    status, _, complaint = await office.declare("not the password")
    assert (status, "does not take this password" in complaint) == (3, True)

    status, first, complaint = await office.declare(PASSWORD)
    assert (status, first.get("written")) == (0, True), complaint
    kept = await office.kept()
    assert {name: kept[name] for name in ("uri", "cid")} == {k: first[k] for k in ("uri", "cid")}
    assert "copyright-violation" in kept["value"]["policies"]["labelValues"]
    assert (await office.found())["grade"] == "ok"
    status, second, _ = await office.declare(PASSWORD)
    assert (status, second) == (0, {**first, "written": False})
    assert await office.kept() == kept

    own = kept["value"] | {"subjectTypes": ["record"], "note": "by hand"}
    own["policies"]["labelValues"] = ["spoiler", *own["policies"]["labelValues"]]
    spoiler = {"identifier": "spoiler", "severity": "inform", "blurs": "media", "locales": []}
    own["policies"]["labelValueDefinitions"].append(spoiler)
    await office.account.put_record(Nsid(COLLECTION), RecordKey(RKEY), own)
    assert (await office.found())["grade"] == "ok"
    _, given = await answered("label", "apply", "did:web:rude.test", "rude", *office.flags())
    assert given["label"]["src"] == office.account.did
    undeclared = await office.found()
    assert (undeclared["grade"], "rude" in undeclared["said"]) == ("fail", True)

    made = await office.account.procedure("com.atproto.server.createAppPassword", {"name": "plyr"})
    status, third, complaint = await office.declare(made["password"])
    assert (status, third.get("written")) == (0, True), complaint
    own["policies"]["labelValues"].append("rude")
    renewed = await office.kept()
    assert (renewed["value"], renewed["cid"]) == (own, third["cid"])
    assert (await office.found())["grade"] == "ok"
