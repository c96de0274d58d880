"""The indexer's metrics, declared together; every label is a closed set.

Laws: received = dismissed + routed, and routed = applied + replayed + deferred + rejected once
nothing is under way. Frames that cannot be read count as routed and rejected.
"""

from __future__ import annotations

from enum import StrEnum

from atp.errors import RejectReason
from atp.runtime.metrics import Registry
from indexer.failure import Failure
from indexer.reasons import Drop, Reason
from indexer.store.repos import Desync
from indexer.verdict import Applied, Verdict


class Routing(StrEnum):
    """What routing said of a frame."""

    ROUTED = "routed"
    DISMISSED = "dismissed"


RejectedFor = StrEnum(  # type: ignore[misc]  # the protocol check's reasons and our own, as one
    "RejectedFor", [(reason.name, reason.value) for kind in (RejectReason, Drop) for reason in kind]
)


class Success(StrEnum):
    """The good end of fetching a repo."""

    SYNCHRONIZED = "synchronized"


ResyncEnd = StrEnum(  # type: ignore[misc]  # success and every failure, as one
    "ResyncEnd", [(end.name, end.value) for kind in (Success, Failure) for end in kind]
)


class Metrics:
    """The counters; all methods are called from the event loop."""

    def __init__(self, registry: Registry) -> None:
        self._frames = registry.counter(
            "plyr_indexer_frames_total", "Frames received, by routing", routing=Routing
        )
        self._ended = registry.counter(
            "plyr_indexer_events_total", "Routed events, by what became of them", verdict=Verdict
        )
        self._rejected = registry.counter(
            "plyr_indexer_rejected_total", "Rejected events, by reason", reason=RejectedFor
        )
        self._deferred = registry.counter(
            "plyr_indexer_deferred_total", "Deferred events, by reason", reason=Desync
        )
        self._connections = registry.counter(
            "plyr_indexer_connections_total", "Connections made to sources"
        )
        self._resyncs = registry.counter(
            "plyr_indexer_resyncs_total", "Repos fetched, by what came of it", end=ResyncEnd
        )
        self._lanes = registry.gauge(
            "plyr_indexer_lanes", "DIDs whose events wait for a look-up of their identity"
        )

    def resynced(self, failure: Failure | None) -> None:
        """Count the end of fetching a repo; None is success."""
        self._resyncs.inc(failure or Success.SYNCHRONIZED)

    def received(self, routed: int, dismissed: int) -> None:
        """Count frames since the last call."""
        self._frames.inc(Routing.ROUTED, by=routed)
        self._frames.inc(Routing.DISMISSED, by=dismissed)

    def ended(self, applied: Applied) -> None:
        """Count the end of a routed event."""
        self._ended.inc(applied.verdict)
        if applied.verdict is Verdict.REJECTED and applied.reason is not None:
            self._rejected.inc(applied.reason)
        elif applied.verdict is Verdict.DEFERRED and applied.reason is not None:
            self._deferred.inc(applied.reason)

    def dropped(self, reason: Reason) -> None:
        """Count a frame that never became an event."""
        self.ended(Applied(Verdict.REJECTED, reason))

    def connected(self) -> None:
        """Count a connection to a source."""
        self._connections.inc()

    def waiting(self, lanes: int) -> None:
        """Show how many DIDs wait for a look-up."""
        self._lanes.set(lanes)
