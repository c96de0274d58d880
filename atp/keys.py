"""Public and private keys of the two curves, p256 and k256 (spec §5.4).

Signatures are 64 bytes, r and s as big-endian numbers of 32, over the SHA-256 of the message, with
s in the lower half of its range; so every message has one signature per nonce and nobody can turn
it into another. k256 goes through libsecp256k1 (`coincurve`), ten times as fast as OpenSSL there;
p256 through OpenSSL (`cryptography`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

import coincurve
import libipld
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from atp.errors import KeyFormatError

_DID_KEY = "did:key:"
_MAX_TEXT = 128
"""Longer than any key is in text; base58 takes time that grows with the square of its length."""
_SECRET_BYTES = 32
_SIGNATURE_BYTES = 64
_ECDSA = ec.ECDSA(SHA256())


class Curve(Enum):
    """An elliptic curve; its value is the curve's name in AT Protocol."""

    P256 = "p256"
    K256 = "k256"

    @property
    def order(self) -> int:
        """How many points the group has: r and s lie between 0 and it."""
        return _ORDERS[self]


_ORDERS = {
    Curve.P256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    Curve.K256: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}
_MULTICODECS = {Curve.P256: b"\x80\x24", Curve.K256: b"\xe7\x01"}
_JWT_ALGS = {Curve.P256: "ES256", Curve.K256: "ES256K"}
_LEGACY_TYPES = {
    "EcdsaSecp256r1VerificationKey2019": Curve.P256,
    "EcdsaSecp256k1VerificationKey2019": Curve.K256,
}

_Verifier = Callable[[bytes, bytes], bool]
"""Takes a DER signature and the message."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point on a curve, compressed to 33 bytes; made by the class methods, which check it."""

    curve: Curve
    point: bytes
    _verifies: _Verifier = field(compare=False, repr=False)

    @classmethod
    def from_point(cls, curve: Curve, point: bytes) -> Self:
        """The key of a point of 33 bytes (compressed) or 65. Raises `KeyFormatError`."""
        if (len(point), point[:1]) not in {(33, b"\x02"), (33, b"\x03"), (65, b"\x04")}:
            raise KeyFormatError(
                f"a {curve.value} key of {len(point)} bytes: want a point of 33 or 65 bytes"
            )
        try:
            compressed, verifies = _POINT_READERS[curve](point)
        except ValueError as exc:
            raise KeyFormatError(f"{point.hex()} is not a point of {curve.value}") from exc
        return cls(curve, compressed, verifies)

    @classmethod
    def from_multikey(cls, text: str) -> Self:
        """The key written as Multikey, ``z`` and base58. Raises `KeyFormatError`."""
        raw = _from_multibase(text)
        for curve, codec in _MULTICODECS.items():
            if raw.startswith(codec) and len(raw) == len(codec) + 33:
                return cls.from_point(curve, raw[len(codec) :])
        raise KeyFormatError(f"{text!r} is not a Multikey of a compressed p256 or k256 point")

    @classmethod
    def from_did_key(cls, text: str) -> Self:
        """The key written as ``did:key:z…``. Raises `KeyFormatError`."""
        if not text.startswith(_DID_KEY):
            raise KeyFormatError(f"{text[:_MAX_TEXT]!r} does not begin with {_DID_KEY}")
        return cls.from_multikey(text[len(_DID_KEY) :])

    @classmethod
    def from_legacy(cls, key_type: str, text: str) -> Self:
        """The key of an older DID document, where ``key_type`` names the curve (spec §5.3).

        The text is multibase of the bare point, compressed or not. Raises `KeyFormatError`.
        """
        curve = _LEGACY_TYPES.get(key_type)
        if curve is None:
            raise KeyFormatError(f"{key_type[:_MAX_TEXT]!r} is not a known type of key")
        return cls.from_point(curve, _from_multibase(text))

    @property
    def jwt_alg(self) -> str:
        """The name of this kind of signature in JSON Web Tokens."""
        return _JWT_ALGS[self.curve]

    def multikey(self) -> str:
        """The key as ``z…``, the form of DID documents."""
        return str(libipld.encode_multibase("z", _MULTICODECS[self.curve] + self.point))

    def did_key(self) -> str:
        """The key as ``did:key:z…``, the form of PLC operations."""
        return _DID_KEY + self.multikey()

    def verify(self, message: bytes, sig: bytes, *, allow_high_s: bool = False) -> bool:
        """Whether ``sig``, r and s in 64 bytes, is this key's signature of ``message``.

        High s is false unless allowed: some issuers of service tokens are lax, repos and labels may
        not be. Never raises, whatever ``sig`` is.
        """
        if len(sig) != _SIGNATURE_BYTES:
            return False
        order = self.curve.order
        r, s = int.from_bytes(sig[:32]), int.from_bytes(sig[32:])
        if not (0 < r < order and 0 < s < order):
            return False
        if s > order // 2:
            if not allow_high_s:
                return False
            s = order - s
        return self._verifies(encode_dss_signature(r, s), message)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A secret number and the public key that belongs to it."""

    public_key: PublicKey
    _secret: bytes = field(repr=False)
    _signs: Callable[[bytes], bytes] = field(compare=False, repr=False)

    @classmethod
    def from_bytes(cls, curve: Curve, secret: bytes) -> Self:
        """The key whose secret is 32 bytes, big-endian. Raises `KeyFormatError`."""
        if len(secret) != _SECRET_BYTES or not 0 < int.from_bytes(secret) < curve.order:
            raise KeyFormatError(
                f"a secret {curve.value} key is 32 bytes, above zero and below the curve's order"
            )
        point, signs = _SECRET_READERS[curve](secret)
        return cls(PublicKey.from_point(curve, point), secret, signs)

    def to_bytes(self) -> bytes:
        """The secret, 32 bytes."""
        return self._secret

    def sign(self, message: bytes) -> bytes:
        """The signature of ``message``, 64 bytes, low s; always the same one (RFC 6979)."""
        r, s = decode_dss_signature(self._signs(message))
        order = self.public_key.curve.order
        return r.to_bytes(32) + min(s, order - s).to_bytes(32)


def _from_multibase(text: str) -> bytes:
    """The bytes of base58btc multibase. Raises `KeyFormatError`."""
    if len(text) > _MAX_TEXT or not text.startswith("z"):
        raise KeyFormatError(f"key {text[:_MAX_TEXT]!r}: want 'z' and base58, as in zQ3sh…")
    try:
        return bytes(libipld.decode_multibase(text)[1])
    except ValueError as exc:
        raise KeyFormatError(f"key {text!r} is not base58") from exc


def _read_p256_point(point: bytes) -> tuple[bytes, _Verifier]:
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)

    def verifies(signature: bytes, message: bytes) -> bool:
        try:
            key.verify(signature, message, _ECDSA)
        except InvalidSignature:
            return False
        return True

    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint), verifies


def _read_k256_point(point: bytes) -> tuple[bytes, _Verifier]:
    key = coincurve.PublicKey(point)
    return key.format(compressed=True), key.verify


def _read_p256_secret(secret: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    key = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    deterministic = ec.ECDSA(SHA256(), deterministic_signing=True)
    return point, lambda message: key.sign(message, deterministic)


def _read_k256_secret(secret: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    key = coincurve.PrivateKey(secret)
    return key.public_key.format(compressed=True), key.sign


_POINT_READERS = {Curve.P256: _read_p256_point, Curve.K256: _read_k256_point}
_SECRET_READERS = {Curve.P256: _read_p256_secret, Curve.K256: _read_k256_secret}
