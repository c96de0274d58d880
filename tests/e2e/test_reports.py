"""Reports as PDSes hand them on: a service token of the reporter, to a running labeler."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from atp.jwt import sign
from atp.runtime import sqlite
from atp.syntax import Handle
from labeler import schema
from labeler.reports import CREATE_REPORT, MAX_REPORTS
from ops.devnet.network import Devnet
from ops.devnet.pds import Pds
from ops.world.account import Account
from ops.world.network import World
from tests.clock import now
from tests.e2e.plyr import answered, serving
from tests.e2e.test_label import alone, get
from tests.ports import free_port

BODY = {
    "reasonType": "com.atproto.moderation.defs#reasonSpam",
    "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": "did:web:rude.test"},
}


def token(account: Account, audience: str, method: str = CREATE_REPORT) -> str:
    """A token as the account's PDS makes it."""
    claims = {
        "iss": account.did,
        "aud": audience,
        "exp": int(time.time()) + 60,
        "lxm": method,
        "jti": uuid4().hex,
    }
    return sign(claims, account.repo.key)


def report(base: str, proof: str | None) -> tuple[int, dict[str, Any]]:
    """Status and answer."""
    headers = {"Content-Type": "application/json"}
    if proof is not None:
        headers["Authorization"] = f"Bearer {proof}"
    request = urllib.request.Request(
        f"{base}/xrpc/{CREATE_REPORT}", json.dumps(BODY).encode(), headers
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


async def test_accounts_report_through_their_pds(tmp_path: Path) -> None:
    """Both forms of the audience; no token works twice, nor one for something else."""
    key, here = tmp_path / "key", f"--data-dir={tmp_path}"
    await answered("label", "keygen", str(key))
    async with World(5, now) as world:
        account = world.create_account("fan.test")
        network = (f"--plc-url={world.plc_url}", "--allow-private-hosts")
        flags = (here, f"--labeler-key-file={key}", *network, f"--listen=127.0.0.1:{free_port()}")
        calls = await _calls(flags, account)
    assert calls["none"] == (401, "AuthMissing")
    assert calls["other method"] == (401, "BadJwtLexiconMethod")
    assert calls["other service"] == (401, "BadJwtAudience")
    assert calls["again"][0] == 401
    assert calls["over the limit"] == (429, "RateLimitExceeded")
    with closing(sqlite.connect(tmp_path / schema.FILE, readonly=True)) as conn:
        kept = conn.execute("SELECT DISTINCT reporter, subject FROM reports").fetchall()
        assert kept == [(account.did, "did:web:rude.test")]
        assert conn.execute("SELECT count(*) FROM reports").get == MAX_REPORTS


async def _calls(flags: tuple[str, ...], account: Account) -> dict[str, tuple[int, str]]:
    def calling() -> dict[str, tuple[int, str]]:
        with alone(*flags) as (_, base):
            did = get(base, "/.well-known/did.json")["id"]
            used = token(account, f"{did}#atproto_labeler")
            for proof in (used, *(token(account, did) for _ in range(MAX_REPORTS - 1))):
                status, told = report(base, proof)
                assert (status, told.get("reportedBy")) == (200, account.did), told
            refused = {
                "none": None,
                "again": used,
                "other method": token(account, did, "com.atproto.label.queryLabels"),
                "other service": token(account, "did:web:other.test"),
                "over the limit": token(account, did),
            }
            answers = {name: report(base, proof) for name, proof in refused.items()}
            return {name: (status, told["error"]) for name, (status, told) in answers.items()}

    return await asyncio.to_thread(calling)


@pytest.mark.usefixtures("installed")
@pytest.mark.timeout(180)
async def test_a_real_pds_hands_a_report_on(tmp_path: Path) -> None:
    """An app of the user's names the labeler in atproto-proxy; the labeler believes the PDS."""
    key = tmp_path / "key"
    await answered("label", "keygen", str(key))
    async with (
        Devnet(pds=1, data_dir=tmp_path / "devnet") as net,
        aiohttp.ClientSession() as http,
        serving(
            tmp_path / "data",
            f"--relays={net.pds_urls[0].replace('http', 'ws', 1)}",
            f"--plc-url={net.plc_url}",
            f"--labeler-key-file={key}",
        ) as said,
    ):
        fan = await Pds(http, net).create_account(Handle.parse("fan.test"))
        proxied = {"atproto-proxy": f"{said['serviceDid']}#atproto_labeler"}
        told = await fan.procedure(CREATE_REPORT, BODY, proxied)
        assert (told["reportedBy"], told["subject"]) == (fan.did, BODY["subject"])
