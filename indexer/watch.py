"""Watching the sources: what they deliver goes to the detector, and the blind are rewound.

Also whom to ask when a source no longer has what should come next: discovery, which finds the
accounts that were named only there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from atp.frames import AccountMsg, CommitMsg
from atp.runtime import log
from atp.sync import VerifiedCommit
from indexer.blind import Detector
from indexer.consume import Source
from indexer.event import Deferred, Item, Outcome
from indexer.eye import SECOND, Commit, Eye
from indexer.metrics import Metrics
from lexicons.names import Names
from pds_client.identity import Directory

LOOK = 1.0
"""Seconds between two looks at all sources."""
DISCOVER_AFTER = 600 * SECOND
"""µs between two discoveries that gaps ask for, however many there are."""

logger = log.get("indexer.watch")


class Watch:
    """``eyes`` are the sources' by URL; ``discover`` has all lists of accounts read again."""

    def __init__(
        self,
        eyes: Mapping[str, Eye],
        directory: Directory,
        names: Names,
        *,
        metrics: Metrics,
        clock: Callable[[], int],
        discover: Callable[[], Awaitable[None]],
    ) -> None:
        self._eyes = eyes
        self._detector = Detector(eyes)
        self._directory = directory
        self._collections = frozenset(names.collections)
        self._metrics = metrics
        self._clock = clock
        self._discover = discover
        self._discovered_at = 0

    def heard(self, item: Item, outcome: Outcome) -> None:
        """A source has delivered an event of ours, and this came of it."""
        if not self._detector.compares:
            return
        match outcome:
            case VerifiedCommit():
                if any(op.collection in self._collections for op in outcome.ops):
                    document = self._directory.cached(outcome.did)
                    host = document.pds if document else None
                    commit = Commit(outcome.did, outcome.rev, host)
                    self._detector.deliver(item.source, item.seq, commit, self._clock())
            case Deferred() if isinstance(item.message, CommitMsg):
                self._detector.unproven(item.source, (item.did, item.message.rev))
            case AccountMsg():
                self._eyes[item.source].account(outcome.did, active=outcome.active)

    async def run(self, sources: Mapping[str, Source]) -> None:
        """Look at the sources once a second, until cancelled."""
        told: dict[str, bool] = {}
        while True:
            await asyncio.sleep(LOOK)
            self._detector.look()
            now = self._clock()
            for url, eye in self._eyes.items():
                blind = eye.sight.blind_since is not None
                self._metrics.blind(url, blind=blind)
                if told.get(url, False) != blind:
                    told[url] = blind
                    _tell(url, eye)
                if eye.due(now) and sources[url].rewind(eye.window):
                    self._metrics.rewound(url)
                    logger.warning("rewinding", url=url, to=eye.window)
            await self._heal(now)

    async def _heal(self, now: int) -> None:
        gaps = [(eye, eye.gap_at) for eye in self._eyes.values() if eye.gap_open]
        if gaps and now - self._discovered_at >= DISCOVER_AFTER:
            self._discovered_at = now
            await self._discover()
            for eye, at in gaps:
                eye.gap_open = eye.gap_at != at


def _tell(url: str, eye: Eye) -> None:
    sight = eye.sight
    if sight.blind_since is None:
        logger.warning("sees again", url=url, rewinds=sight.rewinds)
    else:
        logger.warning("blind for our namespace", url=url, since=sight.blind_since)
