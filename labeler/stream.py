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
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import apsw

from atp import frames
from atp.frames import MAX_SEQ, InfoMsg
from atp.runtime.asgi import Message, Receive, Request, Scope, Send, query_pairs
from atp.runtime.beside import beside
from atp.runtime.caller import Network
from atp.runtime.metrics import Registry
from atp.runtime.sqlite import connect, read_version
from atp.runtime.within import within
from atp.runtime.xrpc import XrpcError
from labeler import store
from labeler.stream_metrics import Metrics, Refusal
from labeler.stream_pages import Pages
from labeler.stream_places import Places
from labeler.stream_wire import WIRE, Gone, TooSlow, Wire, binary

NSID = "com.atproto.label.subscribeLabels"
PATH = f"/xrpc/{NSID}"

LOOK_AGAIN = 0.01
"""Seconds between two looks for labels that another process has stored."""
CLOSED_FOR_ERROR = 1008

_UNBUFFERED = (b"x-accel-buffering", b"no")


class Stream:
    """The ASGI application at `PATH`, over a read-only connection to ``labels.db``.

    ``proxies`` are the networks whose word on addresses is believed.
    """

    def __init__(self, conn: apsw.Connection, proxies: Sequence[Network], metrics: Metrics) -> None:
        self._conn = conn
        self._pages = Pages(conn)
        self._places = Places(proxies, metrics)
        self._metrics = metrics
        self._stored = asyncio.Event()
        self._news = asyncio.Event()

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return self._places.taken

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
            await within(LOOK_AGAIN, self._stored)
            self._stored.clear()
            version = read_version(self._conn)
            if version != seen:
                seen = version
                self._news.set()
                self._news.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one subscription; whatever is none is told so in HTTP."""
        try:
            _require_upgrade(scope)
            cursor = self._cursor(scope)
            with self._places.one(Request.of({"method": "GET", **scope})):
                await self._serve(cursor, scope, receive, send)
        except XrpcError as exc:
            await _refuse(scope, receive, send, exc)

    async def _serve(self, cursor: int | None, scope: Scope, receive: Receive, send: Send) -> None:
        # Whoever sees the connection open is told of all that is stored from then on.
        last = store.last_seq(self._conn)
        await receive()  # the client's part of the handshake
        await send({"type": "websocket.accept", "headers": [_UNBUFFERED]})
        wire = scope["extensions"][WIRE]
        speaking = asyncio.create_task(self._speak(wire, last if cursor is None else cursor))
        listening = asyncio.create_task(_until_gone(receive))
        listening.add_done_callback(lambda _: speaking.cancel())
        try:
            with suppress(asyncio.CancelledError):
                await speaking
        finally:
            listening.cancel()

    def _cursor(self, scope: Scope) -> int | None:
        try:
            pairs = query_pairs(scope["query_string"])
            return _sequence_number([value for name, value in pairs if name == "cursor"])
        except ValueError as exc:
            self._metrics.refused(Refusal.CURSOR)
            raise XrpcError(400, "InvalidRequest", str(exc)) from exc

    async def _speak(self, wire: Wire, position: int) -> None:
        try:
            if position > store.last_seq(self._conn):
                self._metrics.refused(Refusal.FUTURE_CURSOR)
                return _end(wire, "FutureCursor", "The cursor is beyond the newest label")
            if 0 < position < store.first_seq(self._conn) - 1:
                told = "Labels after the cursor have been removed; what is left of them follows"
                await wire.write(binary(frames.encode(InfoMsg("OutdatedCursor", told))))
            await self._follow(wire, position)
        except TooSlow:
            self._metrics.too_slow()
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
                self._metrics.sent(page.count)
                position = page.last
                await asyncio.sleep(0)  # a fast reader is not to keep others waiting


@asynccontextmanager
async def serving(
    path: Path, proxies: Sequence[Network] = (), registry: Registry | None = None
) -> AsyncIterator[Stream]:
    """The stream of the store at ``path``, which exists, inside the block."""
    conn = connect(path, readonly=True)
    stream = Stream(conn, proxies, Metrics(registry or Registry()))
    try:
        # A store that cannot be read any more ends the block, and is not taken for a quiet one.
        async with beside(stream.watch()):
            yield stream
    finally:
        conn.close()


def _require_upgrade(scope: Scope) -> None:
    if scope["path"] != PATH:
        raise XrpcError(404, "XRPCNotSupported", "Nothing is served at this path")
    if scope["type"] != "websocket":
        if scope["method"] not in ("GET", "HEAD"):
            raise XrpcError(405, "InvalidRequest", "A subscription is asked for with GET")
        message = f"{NSID} is a subscription: ask for it over a websocket"
        upgrade = ((b"upgrade", b"websocket"), (b"connection", b"upgrade"))
        raise XrpcError(426, "UpgradeRequired", message, upgrade)


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
