"""Who calls, through a real PDS: its users see their own timelines, and no token is fooled with."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from atp.jwt import sign
from atp.keys import Curve, PrivateKey
from atp.syntax import Did, Handle, Nsid
from lexicons.names import FOREIGN_FOLLOW, Names
from ops.devnet.account import Account
from ops.devnet.network import Devnet
from ops.devnet.pds import Pds
from tests.e2e.plyr import serving
from tests.e2e.running import PATIENCE
from tests.indexer.authors import WHEN, like, track

NAMES = Names()
TIMELINE = NAMES.query("feed.getTimeline")
LABELER = "did:plc:llllllllllllllllllllllll"


@dataclass
class Network:
    """A devnet, the AppView that reads it, and somebody's home there."""

    net: Devnet
    http: aiohttp.ClientSession
    said: dict[str, Any]
    fan: Account
    artist: Account

    @property
    def service(self) -> str:
        """The AppView's name as clients give it to their PDS."""
        return f"{self.said['serviceDid']}#plyr_appview"

    async def through_pds(self, **headers: str) -> tuple[int, dict[str, Any], Any]:
        """The timeline as an app of the fan's gets it: status, body and headers."""
        sent = {**self.fan._authorization(), "atproto-proxy": self.service, **headers}
        url = f"{self.fan.xrpc.url}/xrpc/{TIMELINE}"
        async with self.http.get(url, headers=sent) as answer:
            return answer.status, await answer.json(), answer.headers

    async def with_token(self, token: str) -> tuple[int, str | None]:
        """The status, and the error's name, of a call straight to the AppView."""
        url = f"{self.said['appview']}/xrpc/{TIMELINE}"
        async with self.http.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
            return answer.status, (await answer.json()).get("error")

    async def token(self, audience: str | None = None, method: Nsid = TIMELINE) -> str:
        """A token as the fan's PDS makes it."""
        asked = {"aud": audience or self.said["serviceDid"], "lxm": str(method)}
        made = await self.fan.query("com.atproto.server.getServiceAuth", asked)
        return str(made["token"])

    def key(self) -> PrivateKey:
        """The fan's signing key, from its PDS's disk."""
        shard = hashlib.sha256(self.fan.did.encode()).hexdigest()[:2]
        file = self.net.data_dir / "pds0/actors" / shard / self.fan.did / "key"
        return PrivateKey.from_bytes(Curve.K256, file.read_bytes())

    def signed(self, key: PrivateKey, **claims: Any) -> str:
        """A token of the fan's, sound but for what is given."""
        fields = {
            "iss": self.fan.did,
            "aud": self.service,
            "exp": int(time.time()) + 60,
            "lxm": TIMELINE,
            "jti": uuid4().hex,
        }
        return sign({**fields, **claims}, key)


@pytest.fixture
async def network(installed: Path, tmp_path: Path) -> AsyncIterator[Network]:
    """A PDS with a fan and an artist, whom the fan follows, and `plyr serve` over it."""
    async with (
        Devnet(pds=1, data_dir=tmp_path / "devnet") as net,
        aiohttp.ClientSession() as http,
        serving(
            tmp_path / "data",
            f"--relays={net.pds_urls[0].replace('http', 'ws', 1)}",
            f"--plc-url={net.plc_url}",
            f"--labelers={LABELER}",
        ) as said,
    ):
        pds = Pds(http, net)
        fan, artist = [
            await pds.create_account(Handle.parse(f"{name}.test")) for name in ("fan", "artist")
        ]
        await fan.create_record(FOREIGN_FOLLOW, {"subject": artist.did, "createdAt": WHEN})
        yield Network(net, http, said, fan, artist)


@pytest.mark.timeout(180)
async def test_a_user_s_app_reads_its_timeline_through_the_pds(network: Network) -> None:
    """With viewer state, how far the viewer's repo is indexed, and its choice of labelers."""
    song = await network.artist.create_record(NAMES.track, track())
    given = await network.fan.create_record(NAMES.like, like(song.to_json()))
    answer: dict[str, Any] = {}

    async with asyncio.timeout(PATIENCE):
        while not (answer.get("tracks") and answer["tracks"][0]["viewer"]):
            status, answer, headers = await network.through_pds()
            assert status == 200, answer
    (found,) = answer["tracks"]
    assert found["uri"] == song.uri
    assert found["viewer"] == {"like": given.uri}
    assert "partial" not in answer
    latest = await network.fan.query(
        "com.atproto.sync.getLatestCommit", {"did": str(network.fan.did)}
    )
    assert headers["atproto-repo-rev"] == latest["rev"]

    chosen = f"{LABELER};redact"
    _, _, headers = await network.through_pds(**{"atproto-accept-labelers": chosen})
    assert headers["atproto-content-labelers"] == chosen
    status, body, _ = await network.through_pds(**{"atproto-accept-labelers": "no labeler"})
    assert (status, body["error"]) == (400, "InvalidRequest")


@pytest.mark.timeout(180)
async def test_tokens_are_refused_by_name(network: Network) -> None:
    """Forged, expired, used, or for another service or method; the PDS's own and those signed."""
    real = await network.token()
    assert await network.with_token(real) == (200, None)
    assert await network.with_token(real) == (401, "BadJwt")
    elsewhere = await network.token(audience="did:web:appview.example.com")
    assert await network.with_token(elsewhere) == (401, "BadJwtAudience")
    other = await network.token(method=NAMES.query("feed.getTrack"))
    assert await network.with_token(other) == (401, "BadJwtLexiconMethod")

    own, stolen = network.key(), PrivateKey.from_bytes(Curve.K256, b"\x07" * 32)
    assert await network.with_token(network.signed(own)) == (200, None)
    for key, claims, error in (
        (stolen, {}, "BadJwtSignature"),
        (own, {"iss": network.artist.did}, "BadJwtSignature"),
        (own, {"iss": Did.parse("did:plc:" + "z" * 24)}, "BadJwtIss"),
        (own, {"exp": int(time.time()) - 60}, "JwtExpired"),
        (own, {"aud": f"{network.said['serviceDid']}#elsewhere"}, "BadJwtAudience"),
        (own, {"lxm": None}, "BadJwtLexiconMethod"),
    ):
        assert await network.with_token(network.signed(key, **claims)) == (401, error)
    header, claims_part, signature = (await network.token()).split(".")
    swapped = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    forged = f"{header}.{claims_part}.{swapped}"
    assert await network.with_token(forged) == (401, "BadJwtSignature")
