"""A plain subscriber: frames as they come off a firehose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from atp import frames
from atp.frames import Message, UnknownMsg

PATIENCE_S = 5.0
MAX_FRAME = 5_000_000


@dataclass(frozen=True, slots=True)
class Subscription:
    """An open subscription."""

    socket: aiohttp.ClientWebSocketResponse

    async def frame(self) -> bytes:
        """The next frame."""
        message = await asyncio.wait_for(self.socket.receive(), PATIENCE_S)
        assert message.type is aiohttp.WSMsgType.BINARY, message
        assert isinstance(message.data, bytes)
        return message.data

    async def message(self) -> Message | UnknownMsg:
        """The next frame, read."""
        return frames.decode(await self.frame())

    async def frames(self, count: int) -> list[bytes]:
        """The next `count` frames."""
        return [await self.frame() for _ in range(count)]

    async def close_code(self) -> int | None:
        """The code with which the server closes now, 1006 where it just hangs up."""
        message = await asyncio.wait_for(self.socket.receive(), PATIENCE_S)
        assert message.type is not aiohttp.WSMsgType.BINARY, "a frame, not a close"
        return self.socket.close_code

    async def silent(self, seconds: float = 0.1) -> bool:
        """Whether nothing comes for so long."""
        try:
            await asyncio.wait_for(self.socket.receive(), seconds)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def subscribe(base_url: str, cursor: int | None = None) -> AsyncIterator[Subscription]:
    """A subscription to the firehose of a host."""
    url = base_url.replace("http", "ws", 1) + "/xrpc/com.atproto.sync.subscribeRepos"
    query = {} if cursor is None else {"cursor": str(cursor)}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, params=query, max_msg_size=MAX_FRAME) as socket,
    ):
        yield Subscription(socket)
