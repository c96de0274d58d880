"""Service tokens: a JWT by which an account proves to a service who calls (spec §3.1).

Its PDS signs the token with the account's signing key, for one service (``aud``) and one method
(``lxm``), for about a minute. `ServiceToken.parse` reads one without believing it, `check` holds
its claims against the call, `signed_by` its signature against a key; who calls is proven only when
all three agree. That a token is used once is for its receiver to remember, by `nonce`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

import orjson

from atp.errors import InvalidIdentifier, JwtError, JwtFault
from atp.keys import PrivateKey, PublicKey
from atp.syntax import Did, Nsid

MAX_TOKEN = 8_192
"""Characters of a token."""

LEEWAY = 5
"""Seconds by which our clock and the issuer's may differ."""

LONGEST = 3_600
"""Seconds that a token may have left."""

_ALGORITHMS = frozenset(("ES256", "ES256K"))
_OTHER_TOKENS = frozenset(("at+jwt", "refresh+jwt", "dpop+jwt"))


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """A token as it was read, not yet believed; times in seconds since the epoch."""

    issuer: Did
    audience: str
    method: str | None
    expires_at: int
    issued_at: int | None
    algorithm: str
    nonce: str
    """What no two tokens of an issuer share: its ``jti``, or a hash of all that is signed."""
    _signed: bytes
    _signature: bytes

    @classmethod
    def parse(cls, token: str) -> Self:
        """Read a token. Raises `JwtError`."""
        if len(token) > MAX_TOKEN:
            raise _bad(f"a token of {len(token)} characters: {MAX_TOKEN} are read")
        parts = token.split(".")
        if len(parts) != 3:
            raise _bad("a JWT has three parts, joined by dots")
        header, claims = _object(parts[0]), _object(parts[1])
        if str(header.get("typ", "JWT")).lower() in _OTHER_TOKENS:
            raise JwtError(JwtFault.BAD_TYPE, f"a {header['typ']} token is no service token")
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
            raise _bad("alg must be ES256 or ES256K")
        if header.get("kid", "#atproto") != "#atproto":
            raise _bad("kid, where it is given, must be #atproto")
        if header.get("crit") is not None:
            raise _bad("the token has critical extensions, and none is known")
        signed = f"{parts[0]}.{parts[1]}".encode()
        method, nonce = claims.get("lxm"), claims.get("jti")
        return cls(
            issuer=_issuer(claims.get("iss")),
            audience=_text(claims, "aud"),
            method=None if method is None else _text(claims, "lxm"),
            expires_at=_seconds(claims, "exp"),
            issued_at=None if claims.get("iat") is None else _seconds(claims, "iat"),
            algorithm=algorithm,
            nonce=sha256(signed).hexdigest() if nonce is None else _text(claims, "jti"),
            _signed=signed,
            _signature=_bytes(parts[2]),
        )

    def check(self, now: int, audiences: Collection[str], method: Nsid) -> None:
        """Hold the claims against a call of ``method`` at ``now``. Raises `JwtError`."""
        if self.expires_at + LEEWAY <= now:
            raise JwtError(JwtFault.EXPIRED, f"the token expired {now - self.expires_at} s ago")
        if self.expires_at > now + LONGEST + LEEWAY:
            raise _bad(f"the token is good for longer than {LONGEST} s")
        if self.issued_at is not None and self.issued_at > now + LEEWAY:
            raise _bad("the token was issued in the future")
        if self.audience not in audiences:
            why = f"the token is for another service than {' or '.join(sorted(audiences))}"
            raise JwtError(JwtFault.BAD_AUDIENCE, why)
        if self.method != method:
            raise JwtError(JwtFault.BAD_METHOD, f"the token's lxm must be {method}")

    def signed_by(self, key: PublicKey) -> bool:
        """Whether the issuer's key signed it; of the two forms of a signature either will do."""
        return self.algorithm == key.jwt_alg and key.verify(
            self._signed, self._signature, allow_high_s=True
        )


def sign(claims: dict[str, Any], key: PrivateKey) -> str:
    """The token that makes these claims, as a PDS writes it."""
    header = {"typ": "JWT", "alg": key.public_key.jwt_alg}
    signed = b".".join(_base64(orjson.dumps(part)) for part in (header, claims))
    return (signed + b"." + _base64(key.sign(signed))).decode()


def _bad(why: str) -> JwtError:
    return JwtError(JwtFault.BAD_JWT, why)


def _issuer(text: object) -> Did:
    try:
        return Did.parse(text if isinstance(text, str) else "")
    except InvalidIdentifier as exc:
        raise JwtError(JwtFault.BAD_ISSUER, "iss must be the DID of an account") from exc


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise _bad(f"{name} must be text")
    return value


def _seconds(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _bad(f"{name} must be seconds since the epoch")
    return value


def _object(part: str) -> dict[str, Any]:
    try:
        value = orjson.loads(_bytes(part))
    except orjson.JSONDecodeError as exc:
        raise _bad("header and claims of a JWT are JSON") from exc
    if not isinstance(value, dict):
        raise _bad("header and claims of a JWT are JSON objects")
    return value


def _bytes(part: str) -> bytes:
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as exc:
        raise _bad("the parts of a JWT are base64url") from exc
    if _base64(raw).decode() != part:
        raise _bad("the parts of a JWT are base64url without padding, in its one form")
    return raw


def _base64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
