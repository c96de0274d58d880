"""Labels: exact fields, exact bytes."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.errors import LabelError
from atp.keys import Curve, PrivateKey, PublicKey
from atp.label import MAX_VALUE, Label
from atp.syntax import Datetime, Did

KEY = PrivateKey.from_bytes(Curve.K256, b"\x05" * 32)
FIELDS: dict[str, Any] = {
    "ver": 1,
    "src": "did:web:labeler.test",
    "uri": "at://did:web:alice.test/fm.plyr.track/3kaaaaaaaaaaa",
    "val": "copyright-violation",
    "cts": "2026-01-02T03:04:05.678Z",
}


def test_vectors(vectors: Path) -> None:
    """Signed bytes and verdicts of another implementation's labels, both curves, real ones too."""
    cases = json.loads((vectors / "derived/label-signing.json").read_text())["cases"]
    assert len(cases) == 15
    for case in cases:
        label = Label.from_json(case["label"])
        assert label.unsigned_bytes().hex() == case["unsignedCborHex"], case["comment"]
        assert sha256(label.unsigned_bytes()).hexdigest() == case["sha256Hex"]
        assert label.verify(PublicKey.from_multikey(case["key"])) == case["valid"], case["comment"]
        again = {k: v for k, v in case["label"].items() if k != "$type"}
        assert label.to_json() == again


def test_a_captured_label(vectors: Path) -> None:
    """A label of the real network verifies with its labeler's key."""
    found = json.loads((vectors / "indigo/atproto/labeling/label_test_fixture.json").read_text())
    label = Label.from_json(found["label"])
    key = PublicKey.from_multikey("zQ3shcnfWLQN1bY4d2patsEAYFzy4xp1zdckEvHsV7S4ocTnC")
    assert label.verify(key)


@given(
    val=st.text(min_size=1, max_size=30).filter(lambda text: text.encode("utf-8", "replace")),
    cid=st.sampled_from([None, "bafyreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]),
    neg=st.sampled_from([None, True, False]),
    exp=st.sampled_from([None, "2027-01-01T00:00:00Z"]),
    curve=st.sampled_from(list(Curve)),
)
def test_a_round_trip(
    val: str, cid: str | None, neg: bool | None, exp: str | None, curve: Curve
) -> None:
    """Signed here, it verifies; what is signed is canonical; any field changed, it does not."""
    key = PrivateKey.from_bytes(curve, b"\x05" * 32)
    optional = {"cid": cid, "neg": neg, "exp": exp}
    fields = {**FIELDS, "val": val, **{k: v for k, v in optional.items() if v is not None}}
    label = Label.parse(fields).sign(key)
    assert label.verify(key.public_key)
    assert label.unsigned_bytes() == cbor2.dumps(fields, canonical=True)
    assert Label.from_json(json.loads(json.dumps(label.to_json()))) == label
    assert Label.parse(label.fields()) == label
    assert not Label.parse({**label.fields(), "uri": "did:web:bob.test"}).verify(key.public_key)
    assert not Label.parse({**label.fields(), "neg": not neg}).verify(key.public_key)


def test_unknown_fields_are_not_signed() -> None:
    """What a later version adds is neither kept nor in the way."""
    label = Label.parse(FIELDS).sign(KEY)
    assert Label.parse({**label.fields(), "more": 1, "$type": "x"}) == label


@pytest.mark.parametrize(
    "change",
    [
        {"ver": 2},
        {"ver": True},
        {"src": "did:web:labeler.test#atproto_labeler"},
        {"src": None},
        {"uri": "no uri"},
        {"uri": "at://" + "a" * 9000},
        {"val": ""},
        {"val": "x" * (MAX_VALUE + 1)},
        {"val": 1},
        {"cts": "yesterday"},
        {"cid": "x"},
        {"cid": None},
        {"neg": 1},
        {"exp": None},
        {"sig": b"short"},
        {"sig": "text"},
    ],
)
def test_what_is_no_label(change: dict[str, Any]) -> None:
    """Each field has its form, and a field that is there is not null."""
    with pytest.raises(LabelError):
        Label.parse({**FIELDS, **change})


def test_json_signatures() -> None:
    """Bytes in JSON are $bytes and nothing else."""
    for sig in ("x", {"$bytes": "!"}, {"$bytes": 1}, [1, 2]):
        with pytest.raises(LabelError):
            Label.from_json({**FIELDS, "sig": sig})
    with pytest.raises(LabelError):
        Label.from_json([])


def test_subjects_are_any_uri() -> None:
    """An account, a record, a page of the web."""
    for uri in ("did:web:alice.test", FIELDS["uri"], "https://example.com/a"):
        assert Label.parse({**FIELDS, "uri": uri}).uri == uri


def test_made_here() -> None:
    """A label that is not a negation leaves the field out."""
    label = Label(Did("did:web:labeler.test"), "did:web:a.test", "spam", Datetime(FIELDS["cts"]))
    assert "neg" not in label.fields()
    assert not label.negates
    assert not label.verify(KEY.public_key)
