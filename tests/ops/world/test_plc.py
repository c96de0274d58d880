"""PLC operations, against the reference's own log and by a slow twin of the DID's rule."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import libipld

from atp.keys import Curve
from ops.world.keys import Secrets
from ops.world.plc import PlcData, cid_of, did_of, signed_by, tombstone

SECRETS = Secrets(1, "account 0")
ROTATION = SECRETS.key("rotation", Curve.K256)
STRANGER = SECRETS.key("stranger", Curve.P256)
DATA = PlcData(
    rotation_keys=(ROTATION.public_key,),
    verification_methods={"atproto": STRANGER.public_key},
    also_known_as=("at://alice.test",),
    services={"atproto_pds": ("AtprotoPersonalDataServer", "http://localhost:1")},
)


def test_real_operations_are_understood(shared: Path) -> None:
    """Signature, CID and DID of operations that a real PDS made come out the same here."""
    identities = json.loads((shared / "samples" / "sample_identities.json").read_text())
    for did, identity in identities.items():
        entries = identity["audit"]
        assert did_of(entries[0]["operation"]) == did
        for entry in entries:
            operation = entry["operation"]
            assert str(cid_of(operation)) == entry["cid"]
            assert signed_by(operation, operation["rotationKeys"])


def test_operation_has_the_real_shape(shared: Path) -> None:
    """Our operations have the fields of real ones, and the DID is the hash of all of them."""
    identities = json.loads((shared / "samples" / "sample_identities.json").read_text())
    real = next(iter(identities.values()))["audit"][0]["operation"]
    ours = DATA.operation(None, ROTATION)
    assert ours.keys() == real.keys()
    assert {name: type(value) for name, value in ours.items()} == {
        name: type(value) for name, value in real.items()
    }
    digest = hashlib.sha256(libipld.encode_dag_cbor(ours)).digest()
    assert did_of(ours) == "did:plc:" + base64.b32encode(digest).decode().lower()[:24]


def test_signature_covers_the_operation() -> None:
    """Only the key that signed passes, and only for what it signed."""
    operation = DATA.operation(None, ROTATION)
    keys = [STRANGER.public_key.did_key(), ROTATION.public_key.did_key()]
    assert signed_by(operation, keys)
    assert not signed_by(operation, keys[:1])
    assert not signed_by({**operation, "alsoKnownAs": ["at://mallory.test"]}, keys)
    assert "=" not in operation["sig"]


def test_tombstone_names_what_it_ends() -> None:
    """A tombstone is signed and holds nothing but the CID of the last operation."""
    last = cid_of(DATA.operation(None, ROTATION))
    operation = tombstone(last, ROTATION)
    assert operation.keys() == {"type", "prev", "sig"}
    assert operation["prev"] == str(last)
    assert signed_by(operation, [ROTATION.public_key.did_key()])
