"""Who asks, proven against the identities of a network in process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from appview.network import network
from atp.jwt import sign
from atp.keys import PrivateKey
from atp.runtime.asgi import Request
from atp.runtime.xrpc import XrpcError
from atp.syntax import Did, Nsid
from ops.world.account import Account
from ops.world.network import World
from pds_client import service_auth
from pds_client.service_auth import ServiceAuth

METHOD = Nsid.parse("fm.plyr.feed.getTimeline")
AUDIENCES = ("did:web:appview.test", "did:web:appview.test#plyr_appview")
NOW = 1_800_000_000


@dataclass
class Door:
    """An authenticator in a world with one account."""

    account: Account
    world: World
    auth: ServiceAuth
    now: int = NOW
    numbers: list[int] = field(default_factory=lambda: [0])

    def token(self, key: PrivateKey | None = None, **claims: Any) -> str:
        """A fresh token of the account, signed by its key of the moment."""
        self.numbers[0] += 1
        fields = {
            "iss": self.account.did,
            "aud": AUDIENCES[1],
            "exp": self.now + 60,
            "lxm": METHOD,
            "jti": str(self.numbers[0]),
        }
        return sign({**fields, **claims}, key or self.account.repo.key)

    async def viewer(self, authorization: str | None) -> Did | None:
        """Who calls with this header."""
        headers = () if authorization is None else ((b"authorization", authorization.encode()),)
        request = Request("GET", f"/xrpc/{METHOD}", b"", headers)
        return await self.auth.viewer(request, METHOD)

    async def refused(self, authorization: str) -> tuple[int, str]:
        """Status and name of the refusal."""
        with pytest.raises(XrpcError) as refusal:
            await self.viewer(authorization)
        return refusal.value.status, refusal.value.error


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """The way in."""
    async with (
        World(seed=1, clock=lambda: NOW * 1_000_000) as world,
        network(world.plc_url, allow_private_hosts=True) as out,
    ):
        account = world.create_account("alice.test")
        made = Door(
            account, world, ServiceAuth(out.directory, AUDIENCES, lambda: made.now * 1_000_000)
        )
        yield made


async def test_nobody_and_somebody(door: Door) -> None:
    """No token is anybody; a sound one is its issuer, for either name of this service."""
    assert await door.viewer(None) is None
    for audience in AUDIENCES:
        assert await door.viewer(f"Bearer {door.token(aud=audience)}") == door.account.did


async def test_faults_have_names(door: Door) -> None:
    """Forged, expired, for another method or service, of another kind: each is a 401 of its own."""
    stranger = door.world.create_account("mallory.test").repo.key
    assert await door.refused(f"Bearer {door.token(stranger)}") == (401, "BadJwtSignature")
    assert await door.refused(f"Bearer {door.token(exp=NOW - 60)}") == (401, "JwtExpired")
    wrong_method = door.token(lxm="fm.plyr.feed.getTrack")
    assert await door.refused(f"Bearer {wrong_method}") == (401, "BadJwtLexiconMethod")
    wrong_service = door.token(aud="did:web:other.test")
    assert await door.refused(f"Bearer {wrong_service}") == (401, "BadJwtAudience")
    nobody = door.token(iss="did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
    assert await door.refused(f"Bearer {nobody}") == (401, "BadJwtIss")
    assert await door.refused("Bearer x") == (401, "BadJwt")
    assert await door.refused(f"DPoP {door.token()}") == (401, "BadJwtType")


async def test_a_token_is_good_once(door: Door) -> None:
    """Also when it comes twice at the same moment, and until it has expired."""
    token = door.token()
    both = await asyncio.gather(
        *(door.viewer(f"Bearer {token}") for _ in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(one, XrpcError) for one in both) == [False, True]
    assert await door.refused(f"Bearer {token}") == (401, "BadJwt")
    door.now += 64
    assert await door.refused(f"Bearer {token}") == (401, "BadJwt")
    door.now += 1
    assert await door.refused(f"Bearer {token}") == (401, "JwtExpired")


async def test_what_is_refused_is_not_used_up(door: Door) -> None:
    """A forged token cannot spend the nonce of a sound one."""
    stranger = door.world.create_account("mallory.test").repo.key
    assert await door.refused(f"Bearer {door.token(stranger, jti='n')}") == (401, "BadJwtSignature")
    assert await door.viewer(f"Bearer {door.token(jti='n')}") == door.account.did


async def test_a_new_key_is_believed_and_the_old_one_is_not(door: Door) -> None:
    """The key is looked up again once when a signature does not fit."""
    old = door.account.repo.key
    assert await door.viewer(f"Bearer {door.token()}") == door.account.did
    door.account.rotate_key()
    assert await door.viewer(f"Bearer {door.token()}") == door.account.did
    assert await door.refused(f"Bearer {door.token(old)}") == (401, "BadJwtSignature")


async def test_no_directory_is_not_the_callers_fault(door: Door) -> None:
    """Where the identity cannot be had, the answer says so and not that the token is bad."""
    await door.world.plc.host.stop()
    assert await door.refused(f"Bearer {door.token()}") == (502, "UpstreamFailure")


async def test_memory_is_bounded(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many used tokens the oldest is forgotten; those that are over are as well."""
    monkeypatch.setattr(service_auth, "MAX_USED", 3)
    for _ in range(5):
        assert await door.viewer(f"Bearer {door.token()}") == door.account.did
    assert len(door.auth._used) == 3
    door.now += 3_000
    assert await door.viewer(f"Bearer {door.token()}") == door.account.did
    assert len(door.auth._used) == 1
