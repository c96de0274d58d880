"""What is counted of files served."""

from __future__ import annotations

from enum import StrEnum

from appview.blobs.failure import Failure
from atp.runtime.metrics import Registry


class Served(StrEnum):
    """How a request ended that did not fail for want of the file."""

    KEPT = "kept"
    """Answered from a file that had been checked."""
    ARRIVING = "arriving"
    """Answered with bytes as they came."""
    NOT_MODIFIED = "not_modified"
    UNSATISFIABLE = "unsatisfiable"
    INVALID = "invalid"
    """No GET of a file's address."""
    NOT_SHOWN = "not_shown"
    """No record that is shown refers to it."""
    LEFT = "left"
    """The caller went away."""
    SLOW = "slow"
    """The caller took too little."""
    FULL = "full"
    """Too many callers at once."""


Outcome = StrEnum(  # type: ignore[misc]
    "Outcome", [(one.name, one.value) for one in (*Served, *Failure)]
)
"""Every way in which a request ends."""


class Direction(StrEnum):
    """Bytes from PDSes, and to callers."""

    IN = "in"
    OUT = "out"


class Metrics:
    """The series of one process."""

    def __init__(self, registry: Registry) -> None:
        self._requests = registry.counter(
            "blob_requests_total", "Requests for files, by how they ended.", outcome=Outcome
        )
        self._bytes = registry.counter(
            "blob_bytes_total", "Bytes of files fetched and served.", direction=Direction
        )
        self._cache = registry.gauge("blob_cache_bytes", "Bytes of files kept or on their way.")

    def ended(self, how: Served | Failure) -> None:
        """A request has ended."""
        self._requests.inc(Outcome(how.value))

    def came(self, size: int) -> None:
        """Bytes came from a PDS."""
        self._bytes.inc(Direction.IN, by=size)

    def went(self, size: int) -> None:
        """Bytes went to a caller."""
        self._bytes.inc(Direction.OUT, by=size)

    def cache(self, size: int) -> None:
        """How much is kept."""
        self._cache.set(size)
