"""Who may call, and how often."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from atp.runtime.asgi import Request
from atp.runtime.gate import Gate
from atp.runtime.ratelimit import RateLimiter
from atp.runtime.xrpc import XrpcError
from atp.syntax import Did, Nsid

METHOD = Nsid.parse("fm.plyr.feed.getTimeline")
LIMIT = 2


class Door:
    """A gate that takes the token for the caller's DID, unless it is no DID."""

    def __init__(self) -> None:
        self.asked = 0
        limiter = RateLimiter(LIMIT, 100, lambda: 0)
        self.gate = Gate(self._authenticate, limiter, [ip_network("127.0.0.1/32")])

    async def _authenticate(self, request: Request, method: Nsid) -> Did | None:
        assert method == METHOD
        self.asked += 1
        token = (request.header(b"authorization") or b"").decode()
        if not token.startswith("did:"):
            raise XrpcError(401, "BadJwt", "no token")
        return Did.parse(token)

    async def call(self, client: str, token: str | None = None) -> tuple[Did | None, int | None]:
        """Who calls and how many calls are left; raises as the gate does."""
        headers = () if token is None else ((b"authorization", token.encode()),)
        let_in = self.gate.admit(Request("GET", "/", b"", headers, client), METHOD)
        admitted, told = let_in if isinstance(let_in, tuple) else await let_in
        left = dict(told).get(b"ratelimit-remaining")
        return admitted.viewer, None if left is None else int(left)

    async def refused(self, client: str, token: str | None = None) -> XrpcError:
        """The refusal."""
        with pytest.raises(XrpcError) as refusal:
            await self.call(client, token)
        return refusal.value


async def test_addresses_and_accounts_are_counted_apart() -> None:
    """Anybody by address; an account by itself, wherever its PDS is and whoever else is behind."""
    door = Door()
    assert [await door.call("203.0.113.1") for _ in range(2)] == [(None, 1), (None, 0)]
    assert (await door.refused("203.0.113.1")).error == "RateLimitExceeded"
    assert await door.call("203.0.113.2") == (None, 1)
    alice, bob = Did("did:web:alice.test"), Did("did:web:bob.test")
    for pds in ("203.0.113.3", "203.0.113.4"):
        await door.call(pds, alice)
    refusal = await door.refused("203.0.113.3", alice)
    assert (refusal.status, dict(refusal.headers)[b"retry-after"]) == (429, b"100")
    assert await door.call("203.0.113.3", bob) == (bob, 1)


async def test_bad_tokens_count_against_their_address() -> None:
    """After too many, tokens from there are not even looked at."""
    door = Door()
    for _ in range(LIMIT):
        refusal = await door.refused("203.0.113.1", "x")
        assert (refusal.status, refusal.error) == (401, "BadJwt")
        assert b"ratelimit-remaining" in dict(refusal.headers)
    asked = door.asked
    assert (await door.refused("203.0.113.1", "did:web:alice.test")).status == 429
    assert door.asked == asked


async def test_this_machine_is_not_counted() -> None:
    """The operator's own calls have no limit; a proxy's are counted for whom it names."""
    door = Door()
    assert {await door.call("127.0.0.1") for _ in range(10)} == {(None, None)}
    assert {(await door.refused("127.0.0.1", "x")).status for _ in range(10)} == {401}
    alice = "did:web:alice.test"
    assert await door.call("127.0.0.1", alice) == (alice, 1)
