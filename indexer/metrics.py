"""The indexer's metrics, declared together; every label is a closed set.

Laws: received = dismissed + routed, and routed = applied + replayed + deferred + rejected once
nothing is under way. Frames that cannot be read count as routed and rejected.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, StrEnum
from urllib.parse import urlsplit

from atp.errors import RejectReason
from atp.runtime.metrics import Registry
from indexer.failure import Failure
from indexer.hosting import Answer
from indexer.reasons import Drop, Reason
from indexer.store.census import Census, Complete, Queue
from indexer.store.checks import Checked
from indexer.store.repos import Desync
from indexer.verdict import Applied, Verdict


class Routing(StrEnum):
    """What routing said of a frame."""

    ROUTED = "routed"
    DISMISSED = "dismissed"


class LabelEnd(StrEnum):
    """What became of a label that a labeler sent."""

    STORED = "stored"
    SUPERSEDED = "superseded"
    """A newer one for the same subject and name was there."""
    UNREADABLE = "unreadable"
    FOREIGN_SOURCE = "foreign_source"
    """Its source is another than the labeler that sent it."""
    BAD_SIGNATURE = "bad_signature"


RejectedFor = StrEnum(  # type: ignore[misc]  # the protocol check's reasons and our own, as one
    "RejectedFor", [(reason.name, reason.value) for kind in (RejectReason, Drop) for reason in kind]
)


class Success(StrEnum):
    """The good end of fetching a repo."""

    SYNCHRONIZED = "synchronized"


ResyncEnd = StrEnum(  # type: ignore[misc]  # success and every failure, as one
    "ResyncEnd", [(end.name, end.value) for kind in (Success, Failure) for end in kind]
)


RepoIs = StrEnum(  # type: ignore[misc]  # complete, being fetched, or why it is to be, as one
    "RepoIs", [(state.name, state.value) for kind in (Complete, Desync) for state in kind]
)


class Metrics:
    """The counters; all methods are called from the event loop.

    ``sources`` are the configured ones' URLs: each is a label by its host, and there are no others.
    """

    def __init__(self, registry: Registry, sources: Iterable[str] = ()) -> None:
        hosts = {url: urlsplit(url).netloc for url in sources}
        source = Enum("source", [(host, host) for host in dict.fromkeys(hosts.values())])  # type: ignore[misc]
        self._sources: dict[str, Enum] = {url: source[host] for url, host in hosts.items()}
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
        self._asked = registry.counter(
            "plyr_indexer_status_questions_total",
            "Accounts whose PDS was asked about their status, by the answer",
            answer=Answer,
        )
        self._checks = registry.counter(
            "plyr_indexer_checks_total", "Repos that the sweep asked about", found=Checked
        )
        self._repos = registry.gauge(
            "plyr_indexer_repos",
            "Repos: complete, being fetched, or why they are to be",
            state=RepoIs,
        )
        self._queue = registry.gauge(
            "plyr_indexer_resync_queue", "Repos that are not complete", place=Queue
        )
        self._hidden = registry.gauge(
            "plyr_indexer_hidden_accounts", "Accounts that are known and not shown"
        )
        self._lag = registry.gauge(
            "plyr_indexer_source_lag_seconds",
            "How far a source's stream is behind; 0 when it has nothing more to tell",
            source=source,
        )
        self._blind = registry.gauge(
            "plyr_indexer_source_blind",
            "1 while a source does not deliver what others deliver of our namespace",
            source=source,
        )
        self._rewinds = registry.counter(
            "plyr_indexer_source_rewinds_total", "Replays of blind windows", source=source
        )
        self._labels = registry.counter(
            "plyr_indexer_labels_total", "Labels received, by what became of them", end=LabelEnd
        )
        self._lanes = registry.gauge(
            "plyr_indexer_lanes", "DIDs whose events wait for a look-up of their identity"
        )

    def resynced(self, failure: Failure | None) -> None:
        """Count the end of fetching a repo; None is success."""
        self._resyncs.inc(failure or Success.SYNCHRONIZED)

    def asked(self, answer: Answer) -> None:
        """Count the end of asking about an account's status."""
        self._asked.inc(answer)

    def checked(self, found: Checked) -> None:
        """Count what the sweep found of a repo."""
        self._checks.inc(found)

    def counted(self, census: Census) -> None:
        """Show how many repos and accounts are how."""
        for state, count in census.repos.items():
            self._repos.set(count, state)
        for place, count in census.queue.items():
            self._queue.set(count, place)
        self._hidden.set(census.hidden)

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

    def lag(self, source: str, micros: int) -> None:
        """Show how far a source is behind."""
        self._lag.set(micros / 1_000_000, self._sources[source])

    def blind(self, source: str, *, blind: bool) -> None:
        """Show whether a source is blind."""
        self._blind.set(blind, self._sources[source])

    def rewound(self, source: str) -> None:
        """Count a replay of a source's blind window."""
        self._rewinds.inc(self._sources[source])

    def labelled(self, end: LabelEnd, count: int = 1) -> None:
        """Count labels of labelers."""
        self._labels.inc(end, by=count)

    def waiting(self, lanes: int) -> None:
        """Show how many DIDs wait for a look-up."""
        self._lanes.set(lanes)
