"""The commit object: a repo's state at one moment, signed by its account (spec §1.3).

Signed are the DRISL bytes of all fields but ``sig``, also of fields that we do not know, so those
are kept. A commit's CID is that of the signed object. Version 3 is the only one that is written
today; version 2 had no ``rev``, without which a commit has no place in the order of a repo, and is
refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from atp import cbor
from atp.cbor import Value
from atp.cid import CODEC_DRISL, Cid
from atp.errors import CborError, CommitError, InvalidIdentifier
from atp.keys import PrivateKey, PublicKey
from atp.syntax import Did
from atp.tid import Tid

VERSION = 3
_FIELDS = frozenset({"did", "version", "data", "rev", "prev", "sig"})


@dataclass(frozen=True, slots=True)
class Commit:
    """Account ``did`` states that its repo, at revision ``rev``, is the tree with root ``data``.

    ``prev`` names the commit before, and is null nowadays. ``sig`` is None until signed. ``extra``
    holds fields that the specification does not have.
    """

    did: Did
    rev: Tid
    data: Cid
    prev: Cid | None = None
    sig: bytes | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def from_bytes(cls, block: bytes) -> Commit:
        """The signed commit that ``block`` encodes; its signature is not checked.

        Raises `CommitError`.
        """
        try:
            fields = cbor.decode_map(block)
            did, rev = Did.parse(_text(fields, "did")), Tid.parse(_text(fields, "rev"))
        except (CborError, InvalidIdentifier) as exc:
            raise CommitError(f"the block is not a commit: {exc}") from exc
        version, sig = fields.get("version"), fields.get("sig")
        if version != VERSION:
            raise CommitError(f"a commit of version {version!r}; only {VERSION} is supported")
        if type(sig) is not bytes:
            raise CommitError("the commit has no signature")
        data = _link(fields, "data")
        if data is None:
            raise CommitError("the commit's data is null")
        extra = {name: value for name, value in fields.items() if name not in _FIELDS}
        return cls(did, rev, data, _link(fields, "prev"), sig, extra)

    def unsigned_bytes(self) -> bytes:
        """What is signed."""
        return cbor.encode(self._unsigned())

    def sign(self, key: PrivateKey) -> Commit:
        """The commit with the signature of ``key``."""
        return replace(self, sig=key.sign(self.unsigned_bytes()))

    def verify(self, key: PublicKey) -> bool:
        """Whether ``key`` signed this commit."""
        return self.sig is not None and key.verify(self.unsigned_bytes(), self.sig)

    def to_bytes(self) -> bytes:
        """The block of a signed commit. Raises `CommitError` for one that is not signed."""
        if self.sig is None:
            raise CommitError("the commit has to be signed before it can be a block")
        return cbor.encode(self._unsigned() | {"sig": self.sig})

    @property
    def cid(self) -> Cid:
        """The CID of the block."""
        return Cid.for_cbor(self.to_bytes())

    def _unsigned(self) -> dict[str, Value]:
        return {
            **self.extra,
            "did": self.did,
            "rev": self.rev,
            "data": self.data,
            "prev": self.prev,
            "version": VERSION,
        }


def _text(fields: Mapping[str, Value], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise CommitError(f"the commit's {name} is missing or not text")
    return value


def _link(fields: Mapping[str, Value], name: str) -> Cid | None:
    """The DRISL CID in a field that has to be there, but may be null."""
    value = fields.get(name, b"")
    if value is None or (isinstance(value, Cid) and value.codec == CODEC_DRISL):
        return value
    raise CommitError(f"the commit's {name} is missing or not a link to a DRISL block")
