"""DID documents, real ones and hostile ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.did_doc import PDS, PDS_TYPE, SIGNING_KEY, DidDocument, build
from atp.errors import DidDocError
from atp.keys import Curve, PrivateKey
from atp.syntax import Did, Handle

DID = Did("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
KEY = PrivateKey.from_bytes(Curve.K256, b"\x01" * 32).public_key
OTHER = PrivateKey.from_bytes(Curve.P256, b"\x02" * 32).public_key
NAMES = ["id", "type", "controller", "alsoKnownAs", "verificationMethod", "service"]
WORDS = [DID, SIGNING_KEY, PDS, PDS_TYPE, DID + PDS, "Multikey", "at://a.b", "http://a", "at://"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(NAMES), inner),
    max_leaves=30,
)


def full() -> dict[str, Any]:
    """A document with every part."""
    return build(
        DID,
        Handle("alice.example.com"),
        {SIGNING_KEY: KEY, "#atproto_label": OTHER},
        {
            PDS: (PDS_TYPE, "https://pds.example.com"),
            "#atproto_labeler": ("AtprotoLabeler", "https://mod.example.com"),
        },
    )


def test_build_and_parse() -> None:
    """What a document is built from is what it says."""
    doc = DidDocument.parse(json.loads(json.dumps(full())), DID)
    assert doc.did == DID
    assert doc.handle == "alice.example.com"
    assert doc.signing_key == doc.key(SIGNING_KEY) == KEY
    assert doc.key("#atproto_label") == OTHER
    assert doc.pds == doc.service(PDS, PDS_TYPE) == "https://pds.example.com"
    assert doc.service("#atproto_labeler", "AtprotoLabeler") == "https://mod.example.com"
    assert doc.raw == full()


def test_real_documents(vectors: Path) -> None:
    """Documents of the network, with keys of every form, give all that they hold."""
    paths = sorted((vectors / "indigo").rglob("*idDoc.json"))
    paths += sorted((vectors / "indigo/atproto/identity/testdata").glob("did_plc_*.json"))
    assert len(paths) >= 6
    for path in paths:
        raw = json.loads(path.read_text())
        doc = DidDocument.parse(raw, Did.parse(raw["id"]))
        assert doc.handle == raw["alsoKnownAs"][0].removeprefix("at://")
        assert doc.signing_key is not None
        assert doc.pds == raw["service"][0]["serviceEndpoint"]


def test_old_and_new_form_of_one_key(vectors: Path) -> None:
    """A key written as an uncompressed point is the same key as in its Multikey form."""
    folder = vectors / "indigo/atproto/identity/testdata"
    new, old = (
        DidDocument.parse(json.loads((folder / name).read_text()), DID)
        for name in ("did_plc_doc.json", "did_plc_doc_legacy.json")
    )
    assert new.signing_key == old.signing_key is not None


def test_a_service_without_an_account(vectors: Path) -> None:
    """A document may hold a service alone."""
    path = vectors / "indigo/atproto/identity/testdata/did_web_doc.json"
    doc = DidDocument.parse(json.loads(path.read_text()), Did("did:web:discover.bsky.social"))
    assert (doc.handle, doc.signing_key, doc.pds) == (None, None, None)
    assert doc.service("#bsky_fg", "BskyFeedGenerator") == "https://discover.bsky.social"


@pytest.mark.parametrize(
    "doc", [None, [], "x", 1, {}, {"id": None}, {"id": [DID]}, {"id": "did:plc:x"}]
)
def test_not_the_document(doc: object) -> None:
    """What is no object, or speaks of another DID, is refused."""
    with pytest.raises(DidDocError):
        DidDocument.parse(doc, DID)


@given(JSON, st.dictionaries(st.sampled_from(NAMES[3:]), JSON))
def test_any_json(doc: object, parts: dict[str, object]) -> None:
    """No JSON, alone or in any part of a document, fails with another error."""
    for hostile in (doc, {"id": DID, **parts}):
        try:
            parsed = DidDocument.parse(hostile, DID)
        except DidDocError:
            continue
        assert parsed.key("#other") is None


def test_bottomless_json() -> None:
    """Nesting beyond what the stack bears does no harm."""
    deep: object = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(DidDocError):
        DidDocument.parse({"id": deep}, DID)
    doc = DidDocument.parse({"id": DID, "service": deep, "alsoKnownAs": deep}, DID)
    assert doc.pds is None
    assert "raw" not in repr(doc)


def test_first_handle_counts() -> None:
    """The handle is the first alias that is one; aliases of other kinds are passed over."""
    aliases = ["https://a.b", 7, "at://", "at://a.b/", "at://UPPER.example", "at://b.example"]
    doc = DidDocument.parse({**full(), "alsoKnownAs": aliases}, DID)
    assert doc.handle == "upper.example"


def test_first_key_counts() -> None:
    """Of two keys with one id only the first counts, even where it cannot be read."""
    good = full()["verificationMethod"][0]
    bad = {**good, "publicKeyMultibase": "zzz"}
    second = {**good, "publicKeyMultibase": OTHER.multikey()}
    for methods, expected in (([good, second], KEY), ([bad, second], None)):
        doc = DidDocument.parse({**full(), "verificationMethod": methods}, DID)
        assert doc.signing_key == expected


@pytest.mark.parametrize(
    "change",
    [
        {"controller": "did:plc:other"},
        {"controller": None},
        {"id": "atproto"},
        {"id": "did:plc:other#atproto"},
        {"type": "JsonWebKey2020"},
        {"type": None},
        {"type": ["Multikey"]},
        {"publicKeyMultibase": 7},
        {"publicKeyMultibase": KEY.did_key()},
    ],
)
def test_keys_that_do_not_count(change: dict[str, object]) -> None:
    """A key of another controller, id or type is none."""
    method = {**full()["verificationMethod"][0], **change}
    doc = DidDocument.parse({**full(), "verificationMethod": [method]}, DID)
    assert doc.signing_key is None


@pytest.mark.parametrize("prefix", ["", DID])
def test_ids_are_relative_or_absolute(prefix: str) -> None:
    """An id may stand with the DID before it or without."""
    method = {**full()["verificationMethod"][0], "id": prefix + SIGNING_KEY}
    service = {"id": prefix + PDS, "type": PDS_TYPE, "serviceEndpoint": "https://a.example"}
    doc = DidDocument.parse({"id": DID, "verificationMethod": [method], "service": [service]}, DID)
    assert (doc.signing_key, doc.pds) == (KEY, "https://a.example")


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://pds.example.com", "https://pds.example.com"),
        ("https://PDS.example.com:443/", "https://pds.example.com"),
        ("https://pds.example.com:8443", "https://pds.example.com:8443"),
        ("http://localhost:2583", "http://localhost:2583"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://pds.example.com/xrpc", None),
        ("https://pds.example.com?x", None),
        ("https://pds.example.com#x", None),
        ("https://user@pds.example.com", None),
        ("https://pds.example.com:0", None),
        ("https://pds.example.com:65536", None),
        ("https://pds.example.com:", None),
        ("https://pds.example.com\n", None),
        ("https:// pds.example.com", None),
        ("https://", None),
        ("https://..", None),
        ("https://pdß.example", None),
        ("ws://pds.example.com", None),
        ("pds.example.com", None),
        (["https://pds.example.com"], None),
        ({"uri": "https://pds.example.com"}, None),
    ],
)
def test_endpoints(endpoint: object, origin: str | None) -> None:
    """An endpoint is scheme, host and port, in one way of writing; anything more is none."""
    service = {"id": PDS, "type": PDS_TYPE, "serviceEndpoint": endpoint}
    assert DidDocument.parse({"id": DID, "service": [service]}, DID).pds == origin


def test_service_type() -> None:
    """A service of another type does not serve."""
    service = {"id": PDS, "type": "Other", "serviceEndpoint": "https://a.example"}
    assert DidDocument.parse({"id": DID, "service": [service]}, DID).pds is None
