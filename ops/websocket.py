"""One websocket of the public listener: uvicorn's, with writes of many messages and an end.

A connection whose peer does not read is not closed by closing it, as it waits for what is written
to be taken: it is cut after some seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from atp.runtime.within import within
from labeler.stream_wire import WIRE, Gone, TooSlow

PATIENCE = 30.0
"""Seconds in which some of what was written must have been taken."""
CLOSING_SECONDS = 10.0
"""From our end of a connection to its end."""
PING_SECONDS = 30.0
"""Between two pings."""
PONG_SECONDS = 60.0
"""In which a ping is answered; before it, the peer may have megabytes to read."""
MAX_MESSAGE = 4_096
"""Bytes of a message from a client, who has nothing to say."""


class Socket(WebSocketsSansIOProtocol):
    """Uvicorn's protocol as `labeler.stream_wire.Wire`."""

    def handle_connect(self, event: Request) -> None:
        """A client asks for a websocket."""
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][WIRE] = self  # type: ignore[assignment]

    async def send(self, message: ASGISendEvent) -> None:
        """Take an event of the application; an answer instead of a websocket is a handshake too."""
        await super().send(message)
        # Uvicorn forgets to note the second, and reports an application that gave no answer.
        self.handshake_complete = self.handshake_complete or self.close_sent

    async def write(self, messages: bytes) -> None:
        """Send messages as they are; wait until there is room. Raises `Gone` and `TooSlow`."""
        if self.disconnected or self.conn.state is not State.OPEN:
            raise Gone
        self.transport.write(messages)
        if not self.writable.is_set() and not await within(PATIENCE, self.writable):
            raise TooSlow

    def end(self, messages: bytes, code: int) -> None:
        """Send messages, close, and cut the connection unless it ends soon."""
        if self.disconnected or self.conn.state is not State.OPEN:
            return
        self.conn.send_close(code)
        self.transport.write(b"".join([messages, *self.conn.data_to_send()]))
        self.close_sent = True
        self._cut_soon()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def keepalive_timeout(self) -> None:
        """The peer has not answered a ping."""
        super().keepalive_timeout()
        self._cut_soon()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application is done with it."""
        super().on_task_complete(task)
        self._cut_soon()

    def _cut_soon(self) -> None:
        if self.close_timer is None and not self.disconnected:
            self.close_timer = self.loop.call_later(CLOSING_SECONDS, self.transport.abort)


OPTIONS: Mapping[str, Any] = {
    "ws": Socket,
    "ws_max_size": MAX_MESSAGE,
    "ws_ping_interval": PING_SECONDS,
    "ws_ping_timeout": PONG_SECONDS,
    "ws_per_message_deflate": False,  # it would pack the same bytes anew for each reader
}
"""What `uvicorn.Config` is told of websockets."""
