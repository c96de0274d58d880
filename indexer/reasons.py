"""Why something from upstream was dropped: closed enums, whose values are metric labels."""

from __future__ import annotations

from enum import StrEnum

from atp.errors import RejectReason


class Drop(StrEnum):
    """Drops that the protocol check itself does not decide."""

    MALFORMED_FRAME = "malformed_frame"  # not two CBOR maps, or fields of the wrong type
    REPEATED_SEQ = "repeated_seq"  # at or below a sequence number already seen
    IDENTITY_ABSENT = "identity_absent"  # no such DID, or a tombstone
    ACCOUNT_DELETED = "account_deleted"  # a commit of an account that is gone


Reason = Drop | RejectReason
