"""``com.atproto.label.subscribeLabels``: every label, in the order in which it was given.

Pulled from the log (law 9): a subscriber is a position in the log and has no queue. It is given the
page after its position, and the next one when there is room for it, so replay and live stream are
one loop and there is no change from one to the other at which a label could fall out or come twice.
A commit only wakes those who wait at the end; the data version of the store tells of one that
another process made.

An error frame ends a stream: a cursor beyond the last label ever given, or a reader who takes
nothing for half a minute. What a connection may hold is one page and what the transport buffers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import apsw

from atp import frames
from atp.frames import MAX_SEQ, InfoMsg
from atp.runtime.asgi import Message, Receive, Scope, Send, query_pairs
from atp.runtime.sqlite import connect, read_version
from atp.runtime.xrpc import XrpcError
from labeler import store
from labeler.stream_pages import Pages
from labeler.stream_wire import WIRE, Gone, TooSlow, Wire, binary

NSID = "com.atproto.label.subscribeLabels"
PATH = f"/xrpc/{NSID}"

LOOK_AGAIN = 0.01
"""Seconds between two looks for labels that another process has stored."""
MAX_SUBSCRIBERS = 1_500
CLOSED_FOR_ERROR = 1008

_UNBUFFERED = (b"x-accel-buffering", b"no")


class Stream:
    """The ASGI application at `PATH`, over a read-only connection to ``labels.db``."""

    def __init__(self, conn: apsw.Connection) -> None:
        self._conn = conn
        self._pages = Pages(conn)
        self._stored = asyncio.Event()
        self._news = asyncio.Event()
        self.subscribers = 0

    def wake(self) -> None:
        """Look for new labels at once: some have been committed."""
        self._stored.set()

    def renewed(self) -> None:
        """Signatures have been renewed; none of the old ones is sent from now on."""
        self._pages.forget()

    async def watch(self) -> None:
        """Wake the subscribers whenever somebody has committed, for ever."""
        seen = None
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await self._stored.wait()
            self._stored.clear()
            version = read_version(self._conn)
            if version != seen:
                seen = version
                self._news.set()
                self._news.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one subscription; whatever is none is told so in HTTP."""
        try:
            cursor = self._cursor(scope)
        except XrpcError as exc:
            return await _refuse(scope, receive, send, exc)
        # Whoever sees the connection open is told of all that is stored from then on.
        last = store.last_seq(self._conn)
        await receive()  # the client's part of the handshake
        await send({"type": "websocket.accept", "headers": [_UNBUFFERED]})
        self.subscribers += 1
        wire = scope["extensions"][WIRE]
        speaking = asyncio.create_task(self._speak(wire, last if cursor is None else cursor))
        listening = asyncio.create_task(_until_gone(receive))
        listening.add_done_callback(lambda _: speaking.cancel())
        try:
            with suppress(asyncio.CancelledError):
                await speaking
        finally:
            self.subscribers -= 1
            listening.cancel()
        return None

    def _cursor(self, scope: Scope) -> int | None:
        if scope["path"] != PATH:
            raise XrpcError(404, "XRPCNotSupported", "Nothing is served at this path")
        if scope["type"] != "websocket":
            if scope["method"] not in ("GET", "HEAD"):
                raise XrpcError(405, "InvalidRequest", "A subscription is asked for with GET")
            message = f"{NSID} is a subscription: ask for it over a websocket"
            upgrade = ((b"upgrade", b"websocket"), (b"connection", b"upgrade"))
            raise XrpcError(426, "UpgradeRequired", message, upgrade)
        if self.subscribers >= MAX_SUBSCRIBERS:
            message = "There are too many subscribers; try again later"
            raise XrpcError(503, "NotEnoughResources", message)
        try:
            given = [
                value for name, value in query_pairs(scope["query_string"]) if name == "cursor"
            ]
            return _sequence_number(given)
        except ValueError as exc:
            raise XrpcError(400, "InvalidRequest", str(exc)) from exc

    async def _speak(self, wire: Wire, position: int) -> None:
        try:
            if position > store.last_seq(self._conn):
                return _end(wire, "FutureCursor", "The cursor is beyond the newest label")
            if 0 < position < store.first_seq(self._conn) - 1:
                told = "Labels after the cursor have been removed; what is left of them follows"
                await wire.write(binary(frames.encode(InfoMsg("OutdatedCursor", told))))
            await self._follow(wire, position)
        except TooSlow:
            _end(wire, "ConsumerTooSlow", "The stream was not read; connect again with a cursor")
        except Gone:
            return None
        return None

    async def _follow(self, wire: Wire, position: int) -> None:
        while True:
            page = self._pages.after(position)
            if page is None:
                await self._news.wait()
            else:
                await wire.write(page.messages)
                position = page.last
                await asyncio.sleep(0)  # a fast reader is not to keep others waiting


@asynccontextmanager
async def serving(path: Path) -> AsyncIterator[Stream]:
    """The stream of the store at ``path``, which exists, inside the block."""
    conn = connect(path, readonly=True)
    stream = Stream(conn)
    try:
        # A store that cannot be read any more ends the block, and is not taken for a quiet one.
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(stream.watch())
            try:
                yield stream
            finally:
                watching.cancel()
    except BaseExceptionGroup as failed:
        # Whoever opened the block waits for its own errors, not for a group of one.
        raise failed.exceptions[0] from None
    finally:
        conn.close()


def _sequence_number(given: list[str]) -> int | None:
    """The cursor among the values of the parameter. Raises ValueError."""
    match given:
        case []:
            return None
        case [text] if text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_SEQ)):
            if (number := int(text)) <= MAX_SEQ:
                return number
    raise ValueError(f"cursor must be one whole number from 0 to {MAX_SEQ}")


def _end(wire: Wire, error: str, message: str) -> None:
    wire.end(binary(frames.encode_error(error, message)), CLOSED_FOR_ERROR)


async def _until_gone(receive: Receive) -> None:
    """Read and pass over what the client says, of which the protocol has nothing."""
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _refuse(scope: Scope, receive: Receive, send: Send, error: XrpcError) -> None:
    response = error.response()
    if scope["type"] == "http":
        return await response.send(send, head=scope["method"] == "HEAD")
    await receive()

    async def instead(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await response.send(instead, head=False)
    return None
