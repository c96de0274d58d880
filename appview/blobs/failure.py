"""Why a file cannot be had."""

from __future__ import annotations

from enum import StrEnum


class Failure(StrEnum):
    """Each reason; the values are metric labels."""

    ABSENT = "absent"
    """Its PDS does not have it, or nobody knows the account."""
    UNAVAILABLE = "unavailable"
    """Its PDS does not answer, breaks off or is too slow."""
    MISMATCH = "mismatch"
    """What came is not what the CID names."""
    TOO_LARGE = "too_large"
    BUSY = "busy"
    """Enough is being fetched already."""
    NO_SPACE = "no_space"
    """The disk is full, or does not take what is written."""
    ENDED = "ended"
    """Nobody waited for it any more, or the service ends."""


class Failed(Exception):
    """A file cannot be had."""

    def __init__(self, failure: Failure, why: str) -> None:
        super().__init__(why)
        self.failure = failure
