"""One upstream stream: connect from the stored cursor, hand on what is ours, reconnect for ever.

The cursor belongs to the host's own sequence and is the end of the finished prefix. A host that
calls it one from the future is not obeyed, since going on from its tail would lose events: the
source stays down, says why, and tries again slowly until an operator decides. When too many
messages of ours are under way, reading pauses, so memory stays bounded and nothing is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from atp.errors import FrameError, InvalidIdentifier
from atp.frames import ErrorFrame, InfoMsg, UnknownMsg
from atp.runtime import log
from atp.runtime.guard import Guard
from atp.runtime.http_errors import HttpError
from atp.runtime.websocket import BACKOFF_MAX, Subscription, backoff
from atp.syntax import Datetime
from indexer.event import Item, Message, did_of
from indexer.lanes import Lanes
from indexer.metrics import Metrics
from indexer.prefix import NOTHING, Prefix
from indexer.reasons import Drop
from indexer.route import Routed, Router, seq_and_time
from indexer.store.sources import SourceStatus

SUBSCRIBE = "/xrpc/com.atproto.sync.subscribeRepos"
MAX_UNDER_WAY = 2_000  # messages of ours between receipt and the index, per source
STEADY = 60_000_000  # microseconds after which a connection without a frame was a good one
QUIET_LOOKS = 3  # heartbeats without a frame after which a connected source has caught up
FUTURE_CURSOR = "FutureCursor"

logger = log.get("indexer.source")


class Source:
    """The stream of one host; ``clock`` gives microseconds, ``random`` the jitter."""

    def __init__(
        self,
        url: str,
        cursor: int | None,
        *,
        router: Router,
        lanes: Lanes,
        metrics: Metrics,
        guard: Guard,
        clock: Callable[[], int],
        random: Random,
    ) -> None:
        self.url = url
        self._prefix = Prefix(cursor)
        self._router = router
        self._lanes = lanes
        self._metrics = metrics
        self._guard = guard
        self._clock = clock
        self._random = random
        self._subscription: Subscription | None = None
        self._paused = False
        self._error: str | None = None
        self._frames = 0
        self._routed = 0
        self._newest = self._passed = b""
        self._looked_at = 0
        self._quiet = 0

    @property
    def position(self) -> int | None:
        """The end of the finished prefix."""
        self._pass_over()
        return self._prefix.position

    def finish(self, seq: int) -> None:
        """An item is about to be stored."""
        self._prefix.finish(seq)
        if self._paused and len(self._prefix) <= MAX_UNDER_WAY // 2 and not self._lanes.crowded:
            self._paused = False
            if self._subscription:
                self._subscription.resume()

    def status(self, now: int) -> SourceStatus:
        """How the source does at ``now``; the writer asks once a second, and counts what came."""
        quiet = self._frames == self._looked_at
        self._quiet = self._quiet + 1 if quiet else 0
        self._metrics.received(self._routed, self._frames - self._looked_at - self._routed)
        self._looked_at, self._routed = self._frames, 0
        connected = self._subscription is not None and self._subscription.connected
        return SourceStatus(
            url=self.url,
            cursor=self.position,
            connected=connected,
            lag=0 if self._quiet >= QUIET_LOOKS else self._lag(now),
            heartbeat_at=now if connected else None,
            error=None if connected else self._error,
        )

    async def run(self) -> None:
        """Subscribe again and again, until cancelled."""
        attempt = 0
        while True:
            began, seen = self._clock(), self._frames
            self._paused = False
            self._subscription = Subscription(self._address(), self._on_frame, guard=self._guard)
            try:
                ended = await self._subscription.run()
                self._error = self._error or f"{ended.why}: {ended.detail}".rstrip(": ")
            except HttpError as exc:
                self._error = str(exc)
            finally:
                self._subscription = None
            lived = self._frames > seen or self._clock() - began > STEADY
            attempt = 0 if lived else attempt + 1
            wait = backoff(attempt, self._random.random())
            if self._error.startswith(FUTURE_CURSOR):
                wait = BACKOFF_MAX
            logger.warning(
                "not connected", url=self.url, error=self._error, retry_in=round(wait, 1)
            )
            await asyncio.sleep(wait)

    def _address(self) -> str:
        # From the newest frame received, not from the position: what is under way is still ours.
        self._pass_over()
        seen = self._prefix.seen
        self._error = None
        self._metrics.connected()
        return self.url + SUBSCRIBE + ("" if seen == NOTHING else f"?cursor={seen}")

    def _on_frame(self, frame: bytes) -> None:
        self._frames += 1
        self._newest = frame
        try:
            routed = self._router.route(frame)
        except FrameError:
            self._routed += 1
            self._metrics.dropped(Drop.MALFORMED_FRAME)
            return
        if routed is not None:
            self._take(routed)

    def _take(self, routed: Routed) -> None:
        if isinstance(routed, InfoMsg):
            logger.warning("told", url=self.url, name=routed.name, message=routed.message)
        elif isinstance(routed, ErrorFrame):
            self._error = f"{routed.error}: {routed.message or 'no reason given'}"
        elif not isinstance(routed, UnknownMsg):
            self._routed += 1
            if routed.seq > self._prefix.seen:
                self._begin(routed)
            else:
                self._metrics.dropped(Drop.REPEATED_SEQ)

    def _begin(self, message: Message) -> None:
        self._prefix.begin(message.seq)
        self._lanes.submit(Item(self.url, message.seq, did_of(message), message))
        if self._paused or self._subscription is None:
            return
        if len(self._prefix) > MAX_UNDER_WAY or self._lanes.crowded:
            self._paused = True
            self._subscription.pause()

    def _pass_over(self) -> None:
        """Count the newest frame as seen; a foreign one is not read for it when it comes."""
        if self._newest is not self._passed:
            self._passed = self._newest
            found = seq_and_time(self._newest)
            if found is not None:
                self._prefix.seen = max(self._prefix.seen, found[0])

    def _lag(self, now: int) -> int:
        found = seq_and_time(self._newest)
        try:
            return 0 if found is None else max(0, now - Datetime.parse(found[1]).micros())
        except InvalidIdentifier:
            return 0
