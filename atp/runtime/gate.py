"""The gate of the XRPC server: who calls, and whether they may just now.

An account that proves itself has an allowance of its own, since its PDS calls for many; everybody
else shares that of their address. A token that proves nothing counts against the address it comes
from, and one that has called too often is not believed any more, before anybody is asked for a key.
A process on this machine is not counted: it is the operator's, or a proxy that does not say for
whom it calls.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from atp.runtime.asgi import Headers, Request
from atp.runtime.caller import Network, caller_address
from atp.runtime.ratelimit import Allowance, RateLimiter
from atp.runtime.xrpc import Admitted, XrpcError
from atp.syntax import Did, Nsid

Authenticate = Callable[[Request, Nsid], Awaitable[Did | None]]
"""The account that calls a method, None for anybody; raises `XrpcError` for a token that fails."""


class Gate:
    """Lets calls through; ``proxies`` are the networks whose word on addresses is believed."""

    def __init__(
        self, authenticate: Authenticate, limiter: RateLimiter, proxies: Sequence[Network]
    ) -> None:
        self._authenticate = authenticate
        self._limiter = limiter
        self._proxies = frozenset(proxies)

    def admit(self, request: Request, method: Nsid) -> Admitted | Awaitable[Admitted]:
        """The request with its viewer, and what is left to them. Raises `XrpcError`.

        Only who says who they are is waited for.
        """
        address = caller_address(request, self._proxies)
        if request.header(b"authorization") is None:
            return request, self._take(address)
        return self._proven(request, method, address)

    async def _proven(self, request: Request, method: Nsid, address: str | None) -> Admitted:
        if address and (spent := self._limiter.look(address)).exceeded:
            raise _too_often(spent)
        try:
            viewer = await self._authenticate(request, method)
        except XrpcError as exc:
            raise exc.also(self._take(address)) from exc
        return request._replace(viewer=viewer), self._take(viewer or address)

    def _take(self, caller: str | None) -> Headers:
        """Count a call; None is nobody who is counted. Raises `XrpcError` for one too many."""
        if caller is None:
            return ()
        allowance = self._limiter.take(caller)
        if allowance.exceeded:
            raise _too_often(allowance)
        return allowance.headers()


def _too_often(allowance: Allowance) -> XrpcError:
    message = f"More than {allowance.limit} calls in {allowance.window} s; wait for ratelimit-reset"
    return XrpcError(429, "RateLimitExceeded", message, allowance.headers())
