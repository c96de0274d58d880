"""Why fetching a repo came to nothing: a closed enum, whose values are metric labels."""

from __future__ import annotations

from enum import StrEnum


class Failure(StrEnum):
    """None of them changes what the index says (law 10); the repo is tried again."""

    IDENTITY_ABSENT = "identity_absent"  # no such DID, or a tombstone
    IDENTITY_INVALID = "identity_invalid"  # its document names no usable key or PDS
    IDENTITY_UNAVAILABLE = "identity_unavailable"
    HOST_UNAVAILABLE = "host_unavailable"  # no connection, too slow, 429, 5xx
    HOST_REFUSED = "host_refused"  # an address that we do not ask
    NOT_FOUND = "not_found"
    TAKENDOWN = "takendown"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"
    REFUSED = "refused"  # any other answer that is none
    TOO_LARGE = "too_large"
    BAD_REPO = "bad_repo"  # no CAR, or not all of a tree
    BAD_COMMIT = "bad_commit"
    BAD_SIGNATURE = "bad_signature"
    WRONG_REPO = "wrong_repo"
    FUTURE_REV = "future_rev"
    STALE = "stale"  # older than what was applied before
    MOVED_ON = "moved_on"  # what came in the meantime does not follow on it
    RECORD_MISSING = "record_missing"  # all is applied but a record that the host does not send
    NO_SPACE = "no_space"  # our own disk


class ResyncFailed(Exception):
    """A fetch that came to nothing, why, and in words."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = detail[:500]
