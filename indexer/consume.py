"""One upstream stream: connect from the stored cursor, hand on what is ours, reconnect for ever.

The cursor belongs to the host's own sequence and is the end of the finished prefix. A host that
calls it one from the future is not obeyed, since going on from its tail would lose events: the
source stays down, says why, and tries again slowly until an operator decides. When too many
messages of ours are under way, reading pauses, so memory stays bounded and nothing is dropped.

A source that was blind is read again from where its blindness began: once all under way is
finished, the prefix begins anew there, and the cursor moves back with the next transaction.
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
from indexer.eye import Eye, Sight
from indexer.lanes import Lanes
from indexer.metrics import Metrics
from indexer.pace import Pace
from indexer.prefix import NOTHING, Prefix
from indexer.reasons import Drop
from indexer.route import Routed, Router, seq_and_time
from indexer.store.sources import SourceStatus

SUBSCRIBE = "/xrpc/com.atproto.sync.subscribeRepos"
MAX_UNDER_WAY = 2_000  # messages of ours between receipt and the index, per source
STEADY = 60_000_000  # microseconds after which a connection without a frame was a good one
FUTURE_CURSOR = "FutureCursor"
OUTDATED_CURSOR = "OutdatedCursor"

logger = log.get("indexer.source")


class Source:
    """The stream of one host; ``clock`` gives microseconds, ``random`` the jitter."""

    def __init__(
        self,
        url: str,
        cursor: int | None,
        *,
        eye: Eye,
        router: Router,
        lanes: Lanes,
        metrics: Metrics,
        guard: Guard,
        clock: Callable[[], int],
        random: Random,
    ) -> None:
        self.url = url
        self.eye = eye
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
        self._pace = Pace()
        self._back_to: int | None = None
        self._connection = asyncio.timeout(None)
        self._finished = asyncio.Event()

    @property
    def position(self) -> int | None:
        """The end of the finished prefix."""
        self._pass_over()
        return self._prefix.position

    @property
    def sight(self) -> Sight:
        """What is to be stored with the position."""
        return self.eye.sight

    def finish(self, seq: int) -> None:
        """An item is about to be stored."""
        self._prefix.finish(seq)
        self._finished.set()
        if self._paused and len(self._prefix) <= MAX_UNDER_WAY // 2 and not self._lanes.crowded:
            self._paused = False
            if self._subscription:
                self._subscription.resume()

    def look(self, now: int) -> SourceStatus:
        """Once a second: count what came, and see how far the stream has got."""
        came = self._frames - self._looked_at
        self._metrics.received(self._routed, came - self._routed)
        self._looked_at, self._routed = self._frames, 0
        time = self._time() if came else None
        reading = self._connected and not self._paused and self._back_to is None
        self.eye.progress = self._pace.look(now, time, reading=reading)
        status = self.status(now)
        self._metrics.lag(self.url, status.lag)
        return status

    def status(self, now: int) -> SourceStatus:
        """How the source does at ``now``."""
        return SourceStatus(
            url=self.url,
            cursor=self.position,
            connected=self._connected,
            lag=self._pace.lag(now),
            heartbeat_at=now if self._connected else None,
            error=None if self._connected else self._error,
        )

    def rewind(self, seq: int) -> bool:
        """Read again what came after ``seq``; False where that has been asked for already."""
        if self._back_to is not None:
            return False
        self._back_to = seq
        if self._subscription is not None:
            self._connection.reschedule(asyncio.get_running_loop().time())
        return True

    async def run(self) -> None:
        """Subscribe again and again, until cancelled."""
        attempt = 0
        while True:
            await self._step_back()
            began, seen = self._clock(), self._frames
            await self._connect()
            if self._back_to is not None:
                continue
            lived = self._frames > seen or self._clock() - began > STEADY
            attempt = 0 if lived else attempt + 1
            wait = backoff(attempt, self._random.random())
            if self._refused:
                wait = BACKOFF_MAX
            logger.warning(
                "not connected", url=self.url, error=self._error, retry_in=round(wait, 1)
            )
            await asyncio.sleep(wait)

    async def _connect(self) -> None:
        """One connection, until it ends or the source is to be rewound."""
        self._paused = False
        self._subscription = Subscription(self._address(), self._on_frame, guard=self._guard)
        try:
            async with asyncio.timeout(None) as self._connection:
                ended = await self._subscription.run()
            self._error = self._error or f"{ended.why}: {ended.detail}".rstrip(": ")
        except HttpError as exc:
            self._error = str(exc)
        except TimeoutError:
            self._error = "to be read again from where it went blind"
        finally:
            self._subscription = None

    async def _step_back(self) -> None:
        """Begin anew where a rewind says, once nothing of the old run is under way."""
        if self._back_to is None:
            return
        while len(self._prefix):
            self._finished.clear()
            await self._finished.wait()
        self._prefix = Prefix(self._back_to)
        self._newest = self._passed = b""
        self._pace.restart()
        self._back_to = None
        self.eye.rewound(self._clock())

    @property
    def _connected(self) -> bool:
        return self._subscription is not None and self._subscription.connected

    @property
    def _refused(self) -> bool:
        return self._error is not None and self._error.startswith(FUTURE_CURSOR)

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
            if routed.name == OUTDATED_CURSOR:
                self.eye.gap(self._clock())
        elif isinstance(routed, ErrorFrame):
            self._error = f"{routed.error}: {routed.message or 'no reason given'}"
            if self._refused:
                self.eye.gap(self._clock())
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

    def _time(self) -> int | None:
        """When the newest frame was made, as it says; None where it does not."""
        found = seq_and_time(self._newest)
        try:
            return None if found is None else Datetime.parse(found[1]).micros()
        except InvalidIdentifier:
            return None
