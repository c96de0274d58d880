"""Keys and signatures, against the interop fixtures and OpenSSL."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import libipld
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from atp.errors import KeyFormatError
from atp.keys import Curve, PrivateKey, PublicKey

OPENSSL = {Curve.P256: ec.SECP256R1(), Curve.K256: ec.SECP256K1()}
CURVES = pytest.mark.parametrize("curve", list(Curve))
SECRETS = st.integers(1, min(curve.order for curve in Curve) - 1).map(lambda n: n.to_bytes(32))


def unpadded(text: str) -> bytes:
    """The bytes of base64 without padding."""
    return b64decode(text + "=" * (-len(text) % 4))


def fixtures(vectors: Path, name: str) -> list[dict[str, Any]]:
    """The cases of a file of crypto fixtures."""
    path = vectors / "atproto-interop-tests/crypto" / name
    cases: list[dict[str, Any]] = json.loads(path.read_text())
    assert cases
    return cases


def test_signatures(vectors: Path) -> None:
    """Signatures of the fixtures are judged as they say: high s and DER are invalid."""
    for case in fixtures(vectors, "signature-fixtures.json"):
        key = PublicKey.from_did_key(case["publicKeyDid"])
        message, sig = unpadded(case["messageBase64"]), unpadded(case["signatureBase64"])
        assert key.verify(message, sig) == case["validSignature"], case["comment"]
        assert key.jwt_alg == case["algorithm"]
        assert key.did_key() == case["publicKeyDid"]
        assert key == PublicKey.from_legacy(case["didDocSuite"], case["publicKeyMultibase"])


def test_high_s_where_allowed(vectors: Path) -> None:
    """High s passes where it is allowed, and nothing else does that would not."""
    for case in fixtures(vectors, "signature-fixtures.json"):
        key = PublicKey.from_did_key(case["publicKeyDid"])
        message, sig = unpadded(case["messageBase64"]), unpadded(case["signatureBase64"])
        assert key.verify(message, sig, allow_high_s=True) == (len(sig) == 64)
        assert not key.verify(message + b"x", sig, allow_high_s=True)


def test_did_keys(vectors: Path) -> None:
    """Secrets of the fixtures have the public keys they should, in text."""
    for case in fixtures(vectors, "w3c_didkey_K256.json"):
        secret = bytes.fromhex(case["privateKeyBytesHex"])
        key = PrivateKey.from_bytes(Curve.K256, secret)
        assert key.public_key.did_key() == case["publicDidKey"]
        assert key.to_bytes() == secret
    for case in fixtures(vectors, "w3c_didkey_P256.json"):
        _, secret = libipld.decode_multibase("z" + case["privateKeyBytesBase58"])
        key = PrivateKey.from_bytes(Curve.P256, secret)
        assert key.public_key.did_key() == case["publicDidKey"]


@CURVES
@settings(max_examples=25)
@given(secret=SECRETS, message=st.binary())
def test_openssl_agrees(curve: Curve, secret: bytes, message: bytes) -> None:
    """OpenSSL derives the same point, takes our signatures, and we take its own, if low."""
    ours = PrivateKey.from_bytes(curve, secret)
    theirs = ec.derive_private_key(int.from_bytes(secret), OPENSSL[curve])
    point = theirs.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert PublicKey.from_point(curve, point) == ours.public_key

    sig = ours.sign(message)
    r, s = int.from_bytes(sig[:32]), int.from_bytes(sig[32:])
    theirs.public_key().verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))

    r, s = decode_dss_signature(theirs.sign(message, ec.ECDSA(SHA256())))
    low = min(s, curve.order - s)
    key = ours.public_key
    assert key.verify(message, r.to_bytes(32) + low.to_bytes(32))
    assert not key.verify(message, r.to_bytes(32) + (curve.order - low).to_bytes(32))


@CURVES
@given(sig=st.binary(max_size=80) | st.binary(min_size=64, max_size=64))
def test_junk_is_no_signature(curve: Curve, sig: bytes) -> None:
    """Whatever stands for a signature, checking it says no and does not fail."""
    key = PrivateKey.from_bytes(curve, b"\x01" * 32).public_key
    assert not key.verify(b"message", sig)
    assert not key.verify(b"message", sig, allow_high_s=True)


@CURVES
@pytest.mark.parametrize("allow_high_s", [False, True])
def test_numbers_out_of_range(curve: Curve, *, allow_high_s: bool) -> None:
    """Zero, the order and anything beyond are refused as r and as s."""
    private = PrivateKey.from_bytes(curve, b"\x01" * 32)
    sig = private.sign(b"message")
    r, s = int.from_bytes(sig[:32]), int.from_bytes(sig[32:])
    for bad_r, bad_s in [(0, s), (r, 0), (curve.order, s), (r, curve.order), (2**256 - 1, s)]:
        bad = bad_r.to_bytes(32) + bad_s.to_bytes(32)
        assert not private.public_key.verify(b"message", bad, allow_high_s=allow_high_s)


def test_rfc_6979() -> None:
    """The example of RFC 6979 (A.2.5, SHA-256, "sample") comes out, with s made low."""
    secret = bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
    r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
    low = Curve.P256.order - s
    sig = PrivateKey.from_bytes(Curve.P256, secret).sign(b"sample")
    assert sig == r.to_bytes(32) + low.to_bytes(32)


@CURVES
@given(message=st.binary())
def test_signing_is_deterministic(curve: Curve, message: bytes) -> None:
    """One message has one signature, it is valid, and it is nobody else's."""
    key, other = (PrivateKey.from_bytes(curve, bytes([n]) * 32) for n in (1, 2))
    sig = key.sign(message)
    assert sig == key.sign(message)
    assert key.public_key.verify(message, sig)
    assert not other.public_key.verify(message, sig)


@CURVES
def test_text_forms(curve: Curve) -> None:
    """A key reads back from each form that it is written in."""
    key = PrivateKey.from_bytes(curve, b"\x07" * 32).public_key
    assert PublicKey.from_did_key(key.did_key()) == key
    assert PublicKey.from_multikey(key.multikey()) == key
    assert key.multikey().startswith({Curve.P256: "zDna", Curve.K256: "zQ3s"}[curve])
    assert hash(PublicKey.from_multikey(key.multikey())) == hash(key)


@CURVES
@pytest.mark.parametrize("length", [0, 31, 33])
def test_secret_lengths(curve: Curve, length: int) -> None:
    """A secret has 32 bytes."""
    with pytest.raises(KeyFormatError):
        PrivateKey.from_bytes(curve, b"\x01" * length)


@CURVES
def test_secret_range(curve: Curve) -> None:
    """A secret is neither zero nor as large as the order."""
    PrivateKey.from_bytes(curve, (curve.order - 1).to_bytes(32))
    for number in (0, curve.order, 2**256 - 1):
        with pytest.raises(KeyFormatError):
            PrivateKey.from_bytes(curve, number.to_bytes(32))


def test_a_secret_is_not_shown() -> None:
    """Printing a private key does not print its secret."""
    key = PrivateKey.from_bytes(Curve.K256, b"S" * 32)
    assert "SSS" not in repr(key)
    assert str(int.from_bytes(b"S" * 32)) not in repr(key)


@CURVES
@pytest.mark.parametrize(
    "point",
    [
        b"",
        b"\x02" + bytes(31),
        b"\x02" + bytes(33),
        b"\x04" + bytes(32),
        b"\x02" + b"\xff" * 32,
        b"\x04" + bytes(64),
        b"\x00",
        b"\x05" + bytes(32),
    ],
)
def test_bad_points(curve: Curve, point: bytes) -> None:
    """What is not a point of the curve is refused."""
    with pytest.raises(KeyFormatError):
        PublicKey.from_point(curve, point)


@CURVES
def test_hybrid_points(curve: Curve) -> None:
    """The hybrid form, which some libraries read, is no form of ours."""
    private = ec.derive_private_key(5, OPENSSL[curve]).public_key()
    point = private.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert PublicKey.from_point(curve, point)
    with pytest.raises(KeyFormatError):
        PublicKey.from_point(curve, bytes([6 + point[-1] % 2]) + point[1:])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        "did:key:",
        "did:key:z",
        "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBm",
        "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBm0",
        "did:key:Q3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        "did:key:z" + "1" * 1_000_000,
        "did:web:example.com",
    ],
)
def test_bad_did_keys(text: str) -> None:
    """Other keys, other text and endless text are refused."""
    with pytest.raises(KeyFormatError):
        PublicKey.from_did_key(text)


def test_bad_legacy_keys() -> None:
    """A legacy key names one of two types and holds a bare point."""
    key = PrivateKey.from_bytes(Curve.K256, b"\x07" * 32).public_key
    with pytest.raises(KeyFormatError, match="type"):
        PublicKey.from_legacy("Ed25519VerificationKey2020", key.multikey())
    with pytest.raises(KeyFormatError):
        PublicKey.from_legacy("EcdsaSecp256k1VerificationKey2019", key.multikey())


def test_openssl_refuses_what_we_refuse() -> None:
    """The oracle of these tests does say no to a wrong signature."""
    public = ec.derive_private_key(5, OPENSSL[Curve.K256]).public_key()
    with pytest.raises(InvalidSignature):
        public.verify(encode_dss_signature(1, 1), b"", ec.ECDSA(SHA256()))
