"""CIDs, against hashlib and the standard library's base32."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.cid import CODEC_DRISL, CODEC_RAW, Cid
from atp.errors import CidError

EMPTY_TREE = bytes.fromhex("a2616580616cf6")
EMPTY_TREE_CID = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
EMPTY_BLOB_CID = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
PREFIXES = {CODEC_DRISL: b"\x01\x71\x12\x20", CODEC_RAW: b"\x01\x55\x12\x20"}


def base32(raw: bytes) -> str:
    """The text of a CID, by the standard library."""
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")


def test_known() -> None:
    """The specification's two constants come out."""
    assert str(Cid.for_cbor(EMPTY_TREE)) == EMPTY_TREE_CID
    assert str(Cid.for_raw(b"")) == EMPTY_BLOB_CID


@given(st.binary())
def test_block(block: bytes) -> None:
    """A CID is its prefix and the SHA-256 of what it names, as bytes and as text."""
    for codec, make in ((CODEC_DRISL, Cid.for_cbor), (CODEC_RAW, Cid.for_raw)):
        cid = make(block)
        raw = PREFIXES[codec] + sha256(block).digest()
        assert cid == raw
        assert str(cid) == f"{cid}" == base32(raw)
        assert Cid.parse(base32(raw)) == Cid.from_bytes(raw) == cid
        assert cid.codec == codec
        assert cid.matches(block)
        assert not cid.matches(block + b"x")


def test_is_its_bytes() -> None:
    """A table of blocks answers for a CID and for its plain bytes alike."""
    cid = Cid.for_raw(b"x")
    assert {cid: 1}[bytes(cid)] == {bytes(cid): 1}[cid] == 1  # type: ignore[index]
    assert repr(cid) == f"Cid({cid})"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        PREFIXES[CODEC_RAW],
        PREFIXES[CODEC_RAW] + bytes(31),
        PREFIXES[CODEC_RAW] + bytes(33),
        b"\x00" + PREFIXES[CODEC_RAW] + bytes(32),
        b"\x12\x20" + bytes(32),
        b"\x02\x55\x12\x20" + bytes(32),
        b"\x01\x70\x12\x20" + bytes(32),
        b"\x01\x55\x13\x20" + bytes(32),
        b"\x01\x55\x12\x1f" + bytes(32),
    ],
)
def test_other_forms(raw: bytes) -> None:
    """Other versions, codecs, hashes and lengths are refused, as bytes and as text."""
    with pytest.raises(CidError):
        Cid.from_bytes(raw)
    with pytest.raises(CidError):
        Cid.parse(base32(raw))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        EMPTY_BLOB_CID.upper(),
        EMPTY_BLOB_CID[1:],
        EMPTY_BLOB_CID + "=",
        EMPTY_BLOB_CID + "\n",
        EMPTY_BLOB_CID[:-1] + "v",
        "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR",
        "zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA",
        "f01551220" + "00" * 32,
    ],
)
def test_other_text(text: str) -> None:
    """Only lower-case base32 without padding or spare bits is a CID's text."""
    with pytest.raises(CidError):
        Cid.parse(text)
