"""Labels: what a labeler says of an account, a record or anything that has a URI (spec §4.1, §4.2).

A label is signed over exactly the fields that it has, in DRISL; unknown ones, `$type` and the
signature are left out. Whether ``neg`` was written as false or left out is part of what is signed,
so it is kept; labels made here leave it out. The key is ``#atproto_label`` of the DID document of
``src``, and no other.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from atp import cbor
from atp.cbor import Value
from atp.errors import AtpError, LabelError
from atp.keys import PrivateKey, PublicKey
from atp.syntax import FORMATS, Datetime, Did

KEY_ID = "#atproto_label"
SERVICE_ID = "#atproto_labeler"
SERVICE_TYPE = "AtprotoLabeler"

VERSION = 1
MAX_VALUE = 128
"""Bytes of the label's name."""
MAX_URI = 8_192
"""Characters of a subject."""
MAX_CID = 128
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Label:
    """A label; ``neg`` None is not negative either, and says that the field was not there."""

    src: Did
    uri: str
    val: str
    cts: Datetime
    cid: str | None = None
    neg: bool | None = None
    exp: Datetime | None = None
    sig: bytes | None = None

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Self:
        """The label of these fields, ``sig`` as bytes. Raises `LabelError`."""
        if fields.get("ver", VERSION) != VERSION or isinstance(fields.get("ver"), bool):
            raise LabelError(f"a label of another version than {VERSION}")
        neg = fields.get("neg")
        if neg is not None and not isinstance(neg, bool):
            raise LabelError("neg of a label must be true or false")
        return cls(
            src=Did(_text(fields, "src", "did")),
            uri=_text(fields, "uri", "uri", MAX_URI),
            val=_value(fields),
            cts=Datetime(_text(fields, "cts", "datetime")),
            cid=None if "cid" not in fields else _text(fields, "cid", "cid", MAX_CID),
            neg=neg,
            exp=None if "exp" not in fields else Datetime(_text(fields, "exp", "datetime")),
            sig=_signature(fields),
        )

    @classmethod
    def from_json(cls, value: object) -> Self:
        """The label in its JSON form, ``sig`` as ``{"$bytes": …}``. Raises `LabelError`."""
        if not isinstance(value, dict):
            raise LabelError("a label is a JSON object")
        match value.get("sig"):
            case None:
                return cls.parse({k: v for k, v in value.items() if k != "sig"})
            case {"$bytes": str(text)}:
                return cls.parse({**value, "sig": _bytes(text)})
        raise LabelError("sig of a label must be $bytes")

    @property
    def negates(self) -> bool:
        """Whether it takes an earlier label of the same source, subject and name back."""
        return self.neg is True

    def fields(self) -> dict[str, Value]:
        """The fields as they travel in an event stream, signature included where there is one."""
        signed = self._signed()
        return signed if self.sig is None else {**signed, "sig": self.sig}

    def to_json(self) -> dict[str, object]:
        """The fields as they travel in JSON."""
        signed: dict[str, object] = {**self._signed()}
        if self.sig is not None:
            signed["sig"] = {"$bytes": b64encode(self.sig).decode().rstrip("=")}
        return signed

    def unsigned_bytes(self) -> bytes:
        """What is signed."""
        return cbor.encode(self._signed())

    def sign(self, key: PrivateKey) -> Label:
        """The same label with that key's signature."""
        return replace(self, sig=key.sign(self.unsigned_bytes()))

    def verify(self, key: PublicKey) -> bool:
        """Whether it carries that key's signature."""
        return self.sig is not None and key.verify(self.unsigned_bytes(), self.sig)

    def _signed(self) -> dict[str, Value]:
        every: dict[str, Value] = {
            "ver": VERSION,
            "src": self.src,
            "uri": self.uri,
            "cid": self.cid,
            "val": self.val,
            "neg": self.neg,
            "cts": self.cts,
            "exp": self.exp,
        }
        return {name: value for name, value in every.items() if value is not None}


def self_labels(record: Mapping[str, Value]) -> tuple[str, ...]:
    """The names that a record's author gives it in its ``selfLabels``, each once (spec §4.5).

    The members of its ``labels`` union that are no ``selfLabels`` have none that we know.
    """
    match record.get("labels"):
        case {"$type": "com.atproto.label.defs#selfLabels", "values": list(values)}:
            found = [value.get("val") for value in values if isinstance(value, dict)]
            return tuple(dict.fromkeys(name for name in found if isinstance(name, str)))
    return ()


def _text(fields: Mapping[str, Any], name: str, form: str, longest: int | None = None) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or (longest is not None and len(value) > longest):
        raise LabelError(f"{name} of a label must be a {form}")
    try:
        FORMATS[form](value)
    except AtpError as exc:
        raise LabelError(f"{name} of a label: {exc}") from exc
    return value


def _value(fields: Mapping[str, Any]) -> str:
    value = fields.get("val")
    if not isinstance(value, str) or not 0 < len(value.encode("utf-8", "replace")) <= MAX_VALUE:
        raise LabelError(f"val of a label must be text of 1 to {MAX_VALUE} bytes")
    return value


def _signature(fields: Mapping[str, Any]) -> bytes | None:
    sig = fields.get("sig")
    if sig is not None and not (isinstance(sig, bytes) and len(sig) == _SIGNATURE_BYTES):
        raise LabelError(f"sig of a label must be {_SIGNATURE_BYTES} bytes")
    return sig


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as exc:
        raise LabelError("sig of a label must be base64") from exc
