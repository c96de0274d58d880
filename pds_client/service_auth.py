"""Who asks: the account that a service token proves (spec §3.1).

A call without a token is anybody's. One with a token that proves nothing is refused with the name
of its fault, since the caller believes to be known. A token is good for one call: what is
remembered of those that were used is bounded, and so is for how long one may be used.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection

from atp.errors import JwtError, JwtFault
from atp.jwt import LEEWAY, ServiceToken
from atp.runtime.asgi import Request
from atp.runtime.xrpc import XrpcError
from atp.syntax import Did, Nsid
from pds_client.identity import DidAbsent, DidInvalid, DidUnavailable, Directory

MAX_USED = 200_000
"""Used tokens that are remembered; of more, the oldest is forgotten before its time."""

_SCHEME = b"bearer "


class ServiceAuth:
    """Proves who calls; ``audiences`` are the names of this service, ``clock`` gives µs."""

    def __init__(
        self, directory: Directory, audiences: Collection[str], clock: Callable[[], int]
    ) -> None:
        self._directory = directory
        self._audiences = frozenset(audiences)
        self._clock = clock
        self._used: OrderedDict[tuple[Did, str], int] = OrderedDict()

    async def viewer(self, request: Request, method: Nsid) -> Did | None:
        """The account that calls ``method``, None for anybody.

        Raises `XrpcError`: 401 with the name of the token's fault, 502 where the account's identity
        cannot be had.
        """
        header = request.header(b"authorization")
        if header is None:
            return None
        if not header.lower().startswith(_SCHEME):
            raise _refused(JwtFault.BAD_TYPE, "Authorization must be Bearer and a service token")
        now = self._clock() // 1_000_000
        try:
            token = ServiceToken.parse(header[len(_SCHEME) :].decode("latin-1").strip())
            token.check(now, self._audiences, method)
        except JwtError as exc:
            raise _refused(exc.fault, str(exc)) from exc
        self._require_unused(token)
        if not await self._signed(token):
            raise _refused(JwtFault.BAD_SIGNATURE, f"the token is not signed by {token.issuer}")
        self._use(token, now)
        return token.issuer

    async def _signed(self, token: ServiceToken) -> bool:
        """Whether the issuer signed it, with the key that it has now."""
        try:
            document = await self._directory.doc(token.issuer)
            if document.signing_key is not None and token.signed_by(document.signing_key):
                return True
            renewed = await self._directory.doc(token.issuer, refresh=True)
        except (DidAbsent, DidInvalid) as exc:
            raise _refused(JwtFault.BAD_ISSUER, str(exc)) from exc
        except DidUnavailable as exc:
            raise XrpcError(502, "UpstreamFailure", str(exc)) from exc
        key = renewed.signing_key
        return renewed is not document and key is not None and token.signed_by(key)

    def _require_unused(self, token: ServiceToken) -> None:
        if (token.issuer, token.nonce) in self._used:
            raise _refused(JwtFault.BAD_JWT, "the token has been used; each is good for one call")

    def _use(self, token: ServiceToken, now: int) -> None:
        # Again, since another call may have brought the same token while this one waited.
        self._require_unused(token)
        self._used[token.issuer, token.nonce] = token.expires_at
        while self._used and (len(self._used) > MAX_USED or self._oldest_is_over(now)):
            self._used.popitem(last=False)

    def _oldest_is_over(self, now: int) -> bool:
        return next(iter(self._used.values())) + LEEWAY < now


def _refused(fault: JwtFault, why: str) -> XrpcError:
    return XrpcError(401, fault, why, ((b"www-authenticate", b"Bearer"),))
