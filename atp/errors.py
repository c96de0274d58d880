"""Every error of the protocol kernel.

    AtpError (a ValueError)
    ├── InvalidIdentifier   text is not a DID, handle, NSID, TID, AT-URI … (`atp.syntax`, `atp.tid`)
    ├── CidError            bytes or text are not a CID of the blessed form
    ├── CborError           bytes are not DRISL, or a value cannot be written as DRISL
    ├── DataError           JSON is outside the data model
    ├── CarError            bytes are not a CAR v1, or a block does not match its CID
    ├── MstError            a tree or node breaks the rules of the Merkle search tree
    │   └── MissingBlock    a node that is needed is not among the blocks at hand
    ├── KeyFormatError      text or bytes are not a public or private key we support
    ├── CommitError         a block is not a commit object
    ├── FrameError          bytes are not an event-stream frame
    ├── DidDocError         JSON is not the DID document asked for
    ├── LabelError          fields are not those of a label
    ├── JwtError            a service token proves nothing (`atp.jwt`)
    └── Rejected            a well-formed commit or sync message may not be trusted

All but `Rejected` say that input is malformed; each message names what was wrong and where.
"""

from __future__ import annotations

from enum import StrEnum

_SHOWN = 80
"""How many characters of hostile input an error message repeats."""


class AtpError(ValueError):
    """Input that the protocol does not allow."""


class InvalidIdentifier(AtpError):
    """Text that breaks the syntax of the identifier it should be (spec §2.3)."""

    def __init__(self, kind: str, text: str, why: str) -> None:
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        super().__init__(f"{shown!r} is not a valid {kind}: {why}")


class CidError(AtpError):
    """Bytes or text that are not a CID of the blessed form (spec §1.2)."""


class CborError(AtpError):
    """Bytes that are not DRISL, or a value that DRISL cannot hold (spec §1.1)."""


class DataError(AtpError):
    """JSON outside the data model (spec §2.1)."""


class CarError(AtpError):
    """Bytes that are not a CAR v1, or a block that does not match its CID (spec §1.7)."""


class MstError(AtpError):
    """A tree or node that breaks the rules of the Merkle search tree (spec §1.5)."""


class MissingBlock(MstError):
    """A block that is needed is not among the blocks at hand; the tree is partial."""


class KeyFormatError(AtpError):
    """Text or bytes that are not a key we support (spec §5.4)."""


class CommitError(AtpError):
    """A block that is not a commit object (spec §1.3)."""


class FrameError(AtpError):
    """Bytes that are not an event-stream frame (spec §1.8)."""


class LabelError(AtpError):
    """Fields that are not those of a label (spec §4.1)."""


class DidDocError(AtpError):
    """JSON that is not the DID document asked for (spec §5.3)."""


class JwtFault(StrEnum):
    """What is wrong with a token; the values are the error names that callers are answered with."""

    BAD_JWT = "BadJwt"
    BAD_TYPE = "BadJwtType"
    EXPIRED = "JwtExpired"
    BAD_AUDIENCE = "BadJwtAudience"
    BAD_METHOD = "BadJwtLexiconMethod"
    BAD_ISSUER = "BadJwtIss"
    BAD_SIGNATURE = "BadJwtSignature"


class JwtError(AtpError):
    """A token that proves nothing, why, and in words for its sender."""

    def __init__(self, fault: JwtFault, why: str) -> None:
        super().__init__(why)
        self.fault = fault


class RejectReason(StrEnum):
    """Why a commit or sync message may not be trusted; closed, and the values are metric labels."""

    REPLAYED = "replayed"
    FUTURE_REV = "future_rev"
    TOO_LARGE = "too_large"
    BAD_OPS = "bad_ops"
    BAD_CAR = "bad_car"
    WRONG_ROOT = "wrong_root"
    BAD_COMMIT = "bad_commit"
    WRONG_REPO = "wrong_repo"
    WRONG_REV = "wrong_rev"
    BAD_SIGNATURE = "bad_signature"
    BAD_TREE = "bad_tree"
    MISSING_PROOF = "missing_proof"
    NOT_INCLUDED = "not_included"


class Rejected(AtpError):
    """A commit or sync message that may not be trusted.

    ``reason`` is one of a closed set, fit for a metric label; the message adds the detail.
    """

    def __init__(self, reason: RejectReason, detail: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason.value}: {detail}" if detail else str(reason.value))
