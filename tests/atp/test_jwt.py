"""Service tokens."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.errors import JwtError, JwtFault
from atp.jwt import ServiceToken, sign
from atp.keys import Curve, PrivateKey, PublicKey
from atp.syntax import Nsid

NOW = 1_767_323_060
METHOD = Nsid.parse("com.example.getThing")
AUDIENCES = ("did:web:api.test.example#test_appview", "did:web:api.test.example")
KEY = PrivateKey.from_bytes(Curve.K256, b"\x07" * 32)
CLAIMS: dict[str, Any] = {
    "iss": "did:plc:44ybard66vv44zksje25o7dz",
    "aud": AUDIENCES[0],
    "exp": NOW + 60,
    "iat": NOW,
    "lxm": METHOD,
    "jti": "0123",
}


def fault(token: str, now: int = NOW) -> str | None:
    """What is wrong with a token, from reading to signature."""
    try:
        parsed = ServiceToken.parse(token)
        parsed.check(now, AUDIENCES, METHOD)
    except JwtError as exc:
        return exc.fault
    return None if parsed.signed_by(KEY.public_key) else JwtFault.BAD_SIGNATURE


def test_vectors(vectors: Path) -> None:
    """Tokens of both curves as another implementation signed them are believed, and no other."""
    cases = json.loads((vectors / "derived/service-auth-jwt.json").read_text())["cases"]
    assert {case["alg"] for case in cases} == {"ES256", "ES256K"}
    keys = [PublicKey.from_multikey(case["issuerKey"]) for case in cases]
    for case, key in zip(cases, keys, strict=True):
        token = ServiceToken.parse(case["jwt"])
        token.check(NOW, AUDIENCES, METHOD)
        assert [token.signed_by(other) for other in keys] == [other == key for other in keys]
        assert (token.issuer, token.nonce) == (case["payload"]["iss"], case["payload"]["jti"])


@pytest.mark.parametrize("curve", list(Curve))
def test_what_is_signed_here_is_believed(curve: Curve) -> None:
    """A round trip, the bare DID as audience too."""
    key = PrivateKey.from_bytes(curve, b"\x09" * 32)
    for audience in AUDIENCES:
        token = ServiceToken.parse(sign({**CLAIMS, "aud": audience}, key))
        token.check(NOW, AUDIENCES, METHOD)
        assert token.signed_by(key.public_key)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": NOW - 5}, JwtFault.EXPIRED),
        ({"exp": NOW - 4}, None),
        ({"exp": NOW + 3605}, None),
        ({"exp": NOW + 3606}, JwtFault.BAD_JWT),
        ({"exp": float(NOW + 60)}, None),
        ({"exp": True}, JwtFault.BAD_JWT),
        ({"exp": "1"}, JwtFault.BAD_JWT),
        ({"exp": None}, JwtFault.BAD_JWT),
        ({"iat": NOW + 6}, JwtFault.BAD_JWT),
        ({"iat": NOW + 5}, None),
        ({"iat": None}, None),
        ({"aud": "did:web:api.test.example#other"}, JwtFault.BAD_AUDIENCE),
        ({"aud": "did:web:other.example"}, JwtFault.BAD_AUDIENCE),
        ({"aud": [AUDIENCES[0]]}, JwtFault.BAD_JWT),
        ({"lxm": "com.example.getThings"}, JwtFault.BAD_METHOD),
        ({"lxm": None}, JwtFault.BAD_METHOD),
        ({"lxm": 1}, JwtFault.BAD_JWT),
        ({"iss": "did:plc:44ybard66vv44zksje25o7dz#atproto"}, JwtFault.BAD_ISSUER),
        ({"iss": "alice.test"}, JwtFault.BAD_ISSUER),
        ({"iss": None}, JwtFault.BAD_ISSUER),
        ({"jti": ""}, JwtFault.BAD_JWT),
        ({"jti": None}, None),
    ],
)
def test_claims(claims: dict[str, Any], expected: JwtFault | None) -> None:
    """Each claim that does not fit the call has its name; what is absent or lax but sound passes."""
    assert fault(sign({**CLAIMS, **claims}, KEY)) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"typ": "at+jwt"}, JwtFault.BAD_TYPE),
        ({"typ": "DPoP+jwt"}, JwtFault.BAD_TYPE),
        ({"alg": "none"}, JwtFault.BAD_JWT),
        ({"alg": "HS256"}, JwtFault.BAD_JWT),
        ({"alg": ["ES256K"]}, JwtFault.BAD_JWT),
        ({"alg": "ES256"}, JwtFault.BAD_SIGNATURE),
        ({"kid": "#atproto_label"}, JwtFault.BAD_JWT),
        ({"crit": ["exp"]}, JwtFault.BAD_JWT),
    ],
)
def test_headers(header: dict[str, Any], expected: JwtFault) -> None:
    """Other kinds of token, and algorithms that are not the key's, prove nothing."""
    given_header = json.dumps({"typ": "JWT", "alg": "ES256K", **header}).encode()
    first = urlsafe_b64encode(given_header).rstrip(b"=").decode()
    _, claims, _ = sign(CLAIMS, KEY).split(".")
    signed = f"{first}.{claims}".encode()
    signature = urlsafe_b64encode(KEY.sign(signed)).rstrip(b"=").decode()
    assert fault(f"{first}.{claims}.{signature}") == expected


def test_no_two_tokens_share_a_nonce_by_another_form_of_the_signature() -> None:
    """Without jti the nonce covers what is signed, and not the signature, which has two forms."""
    token = sign({**CLAIMS, "jti": None}, KEY)
    head, claims, _ = token.split(".")
    order = Curve.K256.order
    raw = ServiceToken.parse(token)._signature
    other = raw[:32] + (order - int.from_bytes(raw[32:])).to_bytes(32)
    twin = f"{head}.{claims}.{urlsafe_b64encode(other).rstrip(b'=').decode()}"
    assert twin != token
    assert fault(twin) is None
    assert ServiceToken.parse(twin).nonce == ServiceToken.parse(token).nonce


@given(st.integers(0, 400), st.characters(codec="ascii"))
def test_any_change_is_refused(place: int, letter: str) -> None:
    """A token with one letter changed is refused by name, never with another exception."""
    token = sign(CLAIMS, KEY)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    assert (fault(changed) is None) == (changed == token)


@given(st.text(max_size=300) | st.text("eyJ.-_=", max_size=80))
def test_noise(text: str) -> None:
    """Any text is read or refused by name."""
    assert fault(text) is not None


def test_a_token_without_end() -> None:
    """Length is bounded before anything is decoded."""
    assert fault("a." * 5_000) == JwtFault.BAD_JWT
