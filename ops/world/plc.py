"""did:plc, both ends: signed operations, and a directory that checks them (spec digest 5.5).

A DID is the hash of its signed genesis operation. A server's port is the system's choice and
differs from run to run, so a genesis operation here names no service; the PDS follows in an update.
That keeps DIDs, and with them everything that repositories sign, the same for the same seed.
"""

from __future__ import annotations

from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from atp import cbor
from atp.cid import Cid
from atp.keys import PrivateKey, PublicKey
from atp.syntax import Did

PLC_ID_CHARS = 24

Operation = dict[str, Any]


class OperationError(ValueError):
    """An operation that the directory does not take; nothing has changed."""


@dataclass(frozen=True, slots=True)
class PlcData:
    """What an operation says: the whole identity, each time anew."""

    rotation_keys: tuple[PublicKey, ...]
    verification_methods: Mapping[str, PublicKey]
    also_known_as: tuple[str, ...]
    services: Mapping[str, tuple[str, str]]
    """Service id without `#` to (type, endpoint)."""

    def operation(self, prev: Cid | None, key: PrivateKey) -> Operation:
        """The signed operation; `prev` is the CID of the one before, None for a genesis."""
        unsigned = {
            "type": "plc_operation",
            "rotationKeys": [rotation.did_key() for rotation in self.rotation_keys],
            "verificationMethods": {
                name: method.did_key() for name, method in self.verification_methods.items()
            },
            "alsoKnownAs": list(self.also_known_as),
            "services": {
                name: {"type": kind, "endpoint": endpoint}
                for name, (kind, endpoint) in self.services.items()
            },
            "prev": prev and str(prev),
        }
        return _signed(unsigned, key)


def tombstone(prev: Cid, key: PrivateKey) -> Operation:
    """The signed operation that ends a DID."""
    return _signed({"type": "plc_tombstone", "prev": str(prev)}, key)


def cid_of(operation: Operation) -> Cid:
    """The CID of a signed operation, by which the next one names it."""
    return Cid.for_cbor(cbor.encode(operation))


def did_of(genesis: Operation) -> Did:
    """The DID that a signed genesis operation makes."""
    digest = b32encode(sha256(cbor.encode(genesis)).digest()).decode().lower()
    return Did.parse(f"did:plc:{digest[:PLC_ID_CHARS]}")


def _signed(unsigned: Operation, key: PrivateKey) -> Operation:
    sig = urlsafe_b64encode(key.sign(cbor.encode(unsigned))).decode().rstrip("=")
    return {**unsigned, "sig": sig}


def signed_by(operation: Operation, did_keys: list[str]) -> bool:
    """Whether one of these keys has signed the operation."""
    unsigned = {name: value for name, value in operation.items() if name != "sig"}
    sig = urlsafe_b64decode(operation["sig"] + "==")
    message = cbor.encode(unsigned)
    return any(PublicKey.from_did_key(key).verify(message, sig) for key in did_keys)
