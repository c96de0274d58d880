"""Event-stream client: whole binary messages of one websocket, as fast as picows hands them over.

A `Subscription` is one connection. The owner makes a new one for each attempt, with the cursor in
its URL, waits `backoff` between attempts and ends one by cancelling `run`. The frame callback is
called synchronously, one Python call a message. Everything rare (fragments, control frames,
violations) lives off that path: while a fragmented message is open, and after the end, the
callback slot holds another function, so the common path tests nothing for them.

Back-pressure: `pause` stops reading from the socket. Frames that picows had already read (at most
its read buffer, which follows the largest burst the kernel held, some megabytes) still arrive.

picows leaves three things to its user, each closed here: after an error or a CLOSE it goes on
delivering what it had read; a frame above the cap is delivered if all of it arrives before the
connection is down; pongs for a peer that pings and never reads pile up without end.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

import aiohappyeyeballs
import picows
from picows import WSParsedURL

from atp.runtime.guard import Guard
from atp.runtime.http_errors import HttpError, HttpUnavailable, refused_with

MAX_MESSAGE = 5_000_000
"""Bytes of a message, in one frame or in fragments (spec §1.8)."""

CONNECT_TIMEOUT = 10.0
"""Seconds for DNS, TCP, TLS and the upgrade together."""

IDLE_TIMEOUT = 30.0
"""Seconds without a byte after which the server is pinged."""

PONG_TIMEOUT = 10.0
"""Seconds that it then has to give a sign of life."""

NEXT_ADDRESS_AFTER = 0.25
"""Seconds before the next address of a name is tried beside the first."""

BACKOFF_FIRST = 1.0
BACKOFF_MAX = 60.0
"""Seconds between attempts to connect."""

_BINARY = picows.WSMsgType.BINARY
_CONTINUATION = picows.WSMsgType.CONTINUATION
_TEXT = picows.WSMsgType.TEXT
_CLOSE = picows.WSMsgType.CLOSE
_PONG = picows.WSMsgType.PONG

_MUTE = logging.Logger("atp.runtime.websocket", logging.CRITICAL + 1)  # noqa: LOG001 - not among the process's loggers
"""picows logs what it also raises; the owner of the subscription reports it once."""


class Ending(StrEnum):
    """Why a connection that was up has ended; fit for a metric label."""

    CLOSED = "closed"
    """The server sent CLOSE."""
    LOST = "lost"
    """The connection broke without CLOSE."""
    SILENT = "silent"
    """The server answered no ping."""
    VIOLATION = "violation"
    """The server broke the websocket protocol, or sent text."""
    TOO_BIG = "too_big"
    """A message was longer than `MAX_MESSAGE`."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a connection: ``code`` and ``detail`` are the CLOSE frame's, or our finding."""

    why: Ending
    code: int | None = None
    detail: str = ""


class Subscription:
    """One connection to a ws(s) URL; ``on_frame`` gets each whole binary message.

    ``idle_timeout`` is in seconds. ``ssl_context`` replaces the system's certificate authorities.
    """

    def __init__(
        self,
        url: str,
        on_frame: Callable[[bytes], None],
        *,
        guard: Guard,
        idle_timeout: float = IDLE_TIMEOUT,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        self._guard = guard
        self._idle_timeout = idle_timeout
        self._ssl_context = ssl_context
        self._listener = _Listener(on_frame)
        self._socket: socket.socket | None = None

    @property
    def connected(self) -> bool:
        """Whether the websocket is up; a peer that is gone is found out by its missing pongs."""
        transport = self._listener.transport
        return transport is not None and not transport.is_disconnected

    async def run(self) -> Ended:
        """Connect, deliver frames until the connection ends, and say why it did.

        Raises `HttpError` when there is no connection to begin with, and whatever ``on_frame``
        raised; no frame is delivered after that.
        """
        try:
            transport = await self._connect()
            await transport.wait_disconnected()
        except picows.WSProtocolError as exc:
            too_big = exc.code == picows.WSCloseCode.MESSAGE_TOO_BIG
            return Ended(Ending.TOO_BIG if too_big else Ending.VIOLATION, exc.code.value, str(exc))
        finally:
            self._leave()
        if self._listener.verdict is not None:
            return self._listener.verdict
        # The one CLOSE that picows sends by itself follows a ping without an answer.
        return Ended(Ending.SILENT if transport.is_close_frame_sent else Ending.LOST)

    def pause(self) -> None:
        """Stop reading. Do not stay paused for long: the server's pings go unanswered too."""
        self._listener.pause()

    def resume(self) -> None:
        """Read again."""
        self._listener.resume()

    async def _connect(self) -> picows.WSTransport:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                transport, _ = await picows.ws_connect(
                    lambda: self._listener,
                    self._url,
                    ssl_context=self._tls_context(),
                    socket_factory=self._open_socket,
                    websocket_handshake_timeout=None,
                    logger_name=_MUTE,
                    enable_auto_ping=True,
                    auto_ping_idle_timeout=self._idle_timeout,
                    auto_ping_reply_timeout=min(PONG_TIMEOUT, self._idle_timeout),
                    max_frame_size=MAX_MESSAGE,
                    max_redirects=0,
                )
        except TimeoutError as exc:
            raise HttpUnavailable(self._url, "no websocket in time") from exc
        except picows.WSHandshakeError as exc:
            raise self._refusal(exc) from exc
        except (OSError, picows.WSError) as exc:
            raise HttpUnavailable(self._url, f"{type(exc).__name__}: {exc}") from exc
        if self._listener.transport is None:
            raise HttpUnavailable(self._url, "closed before the upgrade to a websocket")
        return transport

    def _tls_context(self) -> ssl.SSLContext | None:
        if not self._guard.vet(self._url).secure:
            return None
        return self._ssl_context or ssl.create_default_context()

    async def _open_socket(self, url: WSParsedURL) -> socket.socket:
        """A socket connected to a vetted address: picows looks nothing up."""
        places: list[aiohappyeyeballs.AddrInfoType] = [
            (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, url.port))
            for family, address in await self._guard.addresses(url.host, url.port)
        ]
        self._socket = await aiohappyeyeballs.start_connection(
            places, happy_eyeballs_delay=NEXT_ADDRESS_AFTER
        )
        return self._socket

    def _leave(self) -> None:
        """Deliver nothing more; end what a cancelled `picows.ws_connect` leaves waiting, too."""
        self._listener.end()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _refusal(self, error: picows.WSHandshakeError) -> HttpError:
        answer = error.response
        if answer is None or answer.status == HTTPStatus.SWITCHING_PROTOCOLS:
            return HttpUnavailable(self._url, f"no websocket: {error}")
        return refused_with(self._url, answer.status, answer.headers, error.raw_body or b"")


class _Listener(picows.WSListener):
    """Turns picows' frames into messages."""

    def __init__(self, on_frame: Callable[[bytes], None]) -> None:
        self._on_frame = on_frame
        self._deliver = on_frame
        self._fragments: bytearray | None = None
        self.transport: picows.WSTransport | None = None
        self._paused = False
        self.verdict: Ended | None = None

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport
        if self._paused:
            transport.underlying_transport.pause_reading()

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        try:
            if frame.msg_type == _BINARY and frame.fin and frame.payload_size <= MAX_MESSAGE:
                self._deliver(frame.get_payload_as_bytes())
            elif self._deliver is not _drop:
                self._on_rare_frame(transport, frame)
        except BaseException:
            self._deliver = _drop
            raise

    def _on_rare_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type in (_BINARY, _CONTINUATION):
            self._on_fragment(frame)
        elif frame.msg_type == _CLOSE:
            self._deliver = _drop
            code, reason = frame.get_close_code().value, frame.get_close_reason()
            self.verdict = Ended(Ending.CLOSED, code or None, reason or "")
            transport.send_close(picows.WSCloseCode.OK)
            transport.disconnect()
        elif frame.msg_type == _TEXT:
            raise picows.WSProtocolError(picows.WSCloseCode.UNSUPPORTED_DATA, "text message")

    def _on_fragment(self, frame: picows.WSFrame) -> None:
        """Collect a message in fragments; other messages may not come between them."""
        if (frame.msg_type == _CONTINUATION) != (self._fragments is not None):
            self._on_interleaved(b"")
        message = self._fragments or bytearray()
        if len(message) + frame.payload_size > MAX_MESSAGE:
            raise picows.WSProtocolError(picows.WSCloseCode.MESSAGE_TOO_BIG, "message too big")
        message += frame.get_payload_as_memoryview()
        self._fragments = None if frame.fin else message
        self._deliver = self._on_frame if frame.fin else self._on_interleaved
        if frame.fin:
            self._deliver(bytes(message))

    def _on_interleaved(self, _message: bytes) -> None:
        raise picows.WSProtocolError(picows.WSCloseCode.PROTOCOL_ERROR, "a fragment out of place")

    def pause(self) -> None:
        self._paused = True
        if self.transport is not None:
            self.transport.underlying_transport.pause_reading()
            self.transport.notify_user_specific_pong_received()

    def resume(self) -> None:
        self._paused = False
        if self.transport is not None:
            self.transport.underlying_transport.resume_reading()

    def end(self) -> None:
        self._deliver = _drop
        if self.transport is not None and not self.transport.is_disconnected:
            self.transport.send_close(picows.WSCloseCode.GOING_AWAY)
            self.transport.disconnect(graceful=False)

    def send_user_specific_ping(self, transport: picows.WSTransport) -> None:
        """Ask an idle server for a sign of life; while paused, no answer could be read."""
        if self._paused:
            asyncio.get_running_loop().call_soon(transport.notify_user_specific_pong_received)
        else:
            transport.send_ping()

    def is_user_specific_pong(self, frame: picows.WSFrame) -> bool:
        """Any frame is a sign of life: the pong may wait behind a backlog."""
        if self.transport is not None:
            self.transport.notify_user_specific_pong_received()
        return bool(frame.msg_type == _PONG)

    def pause_writing(self) -> None:
        """The server pings and does not read: only unread pongs can fill our write buffer."""
        self.verdict = Ended(Ending.VIOLATION, None, "pings, and does not read the pongs")
        if self.transport is not None:
            self.transport.disconnect(graceful=False)


def backoff(attempt: int, random_value: float) -> float:
    """Seconds to wait before attempt number ``attempt`` (the first retry is 0) to connect.

    Doubles up to `BACKOFF_MAX`; ``random_value`` in [0, 1) takes away up to half of it, so that
    clients of a restarted server do not return together.
    """
    longest = min(BACKOFF_FIRST * 2.0 ** min(attempt, 32), BACKOFF_MAX)
    return longest * (1.0 - random_value / 2.0)


def _drop(_message: bytes) -> None:
    """Stands where the callback was, after the end."""
