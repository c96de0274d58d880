"""com.atproto.sync.subscribeRepos over one event log (spec digest 1.8).

Each subscriber is pulled through the log at its own pace, batch by batch: while it reads a batch,
events gather only in the log. A subscriber that has caught up once and then lets more than `buffer`
events gather during one batch is told ConsumerTooSlow and closed.

Cursors: absent is the live tail; 0 is the oldest event held; one older than the window is answered
with `#info` OutdatedCursor and then the oldest; one in the future with an error, then closed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import WSCloseCode, web

from atp import frames
from atp.frames import InfoMsg
from ops.world.events import EventLog
from ops.world.xrpc import Params, XrpcError

SUBSCRIBE_PATH = "/xrpc/com.atproto.sync.subscribeRepos"
MAX_CLIENT_MESSAGE = 4096
PING_SECONDS = 30.0


class Firehose:
    """Subscriptions to `log`; frames flow while `flowing` is set."""

    def __init__(self, log: EventLog, flowing: asyncio.Event, buffer: int) -> None:
        self._log = log
        self._flowing = flowing
        self._buffer = buffer
        self.subscribers = 0

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler: one subscription, until either side closes."""
        try:
            cursor = Params(request.query).optional("cursor", int)
        except XrpcError as refusal:
            return refusal.response()
        position = self._log.last if cursor is None else max(cursor, 0)
        socket = web.WebSocketResponse(
            heartbeat=PING_SECONDS, compress=False, max_msg_size=MAX_CLIENT_MESSAGE
        )
        try:
            await socket.prepare(request)
        except ConnectionError:
            return web.Response()  # nobody is there to read it
        self.subscribers += 1
        speaking = asyncio.create_task(self._speak(socket, position))
        listening = asyncio.create_task(_ignore(socket))
        listening.add_done_callback(lambda _: speaking.cancel())
        try:
            with suppress(asyncio.CancelledError, ConnectionError):
                await speaking
        finally:
            self.subscribers -= 1
            listening.cancel()
        await socket.close(code=WSCloseCode.POLICY_VIOLATION)
        return socket

    async def _speak(self, socket: web.WebSocketResponse, position: int) -> None:
        """Send events after `position`; return once an error frame has been sent."""
        if position > self._log.last:
            await socket.send_bytes(frames.encode_error("FutureCursor", "Cursor in the future."))
            return
        if 0 < position < self._log.evicted:
            info = InfoMsg(
                "OutdatedCursor", "Requested cursor exceeded limit. Possibly missing events"
            )
            await socket.send_bytes(frames.encode(info))
        position = max(position, self._log.evicted)
        caught_up = False
        while True:
            await self._flowing.wait()
            too_slow = position < self._log.evicted
            batch_end = self._log.last
            for event in self._log.after(position):
                if too_slow or not self._flowing.is_set():
                    break
                await socket.send_bytes(event.frame)
                position = event.seq
                too_slow = caught_up and self._log.last - batch_end > self._buffer
            if too_slow:
                error = frames.encode_error("ConsumerTooSlow", "Stream consumer too slow")
                await socket.send_bytes(error)
                return
            caught_up = caught_up or position == self._log.last
            await self._log.beyond(position)


async def _ignore(socket: web.WebSocketResponse) -> None:
    # Subscribers have nothing to say; reading on answers their pings and sees their close.
    async for _ in socket:
        pass
