"""One connection of the public listener: the head of a request is short and comes soon.

The server bounds what is read of a body and how long a kept-alive connection is silent. It does not
bound how long, or how slowly, a client sends the head of a request: that is done here, as anybody
could fill the process with heads that never end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from appview.blobs.http import ABORT
from atp.runtime import cors
from atp.runtime.asgi import WHOLE, Header

MAX_HEAD = 65_536
"""Bytes of a request's line and headers: an address of the greatest length and room beside it."""

HEAD_SECONDS = 10.0
"""In which the head of a request must have come, counted from its first byte or the connection."""


class Connection(HttpToolsProtocol):
    """Uvicorn's protocol with these bounds.

    An application may cut it by the extension `ABORT`, and answer in one piece by `WHOLE`.
    """

    _due: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come, and has not asked anything yet."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._head_came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The first byte of a request is here."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: self.transport.abort, WHOLE: self._whole}  # type: ignore[dict-item]
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is here; from now on the bounds are the router's."""
        self._head_came()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read on; refuse a head that goes on for too long."""
        super().data_received(data)
        if self._due is not None:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self._head_came()
                self.send_400_response(f"The head of the request exceeds {MAX_HEAD} bytes.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, as XRPC says it, and end the connection."""
        body = orjson.dumps({"error": "InvalidRequest", "message": msg})
        head = (
            b"HTTP/1.1 400 Bad Request",
            b"content-type: application/json",
            b"content-length: %d" % len(body),
            b"connection: close",
            *(b"%s: %s" % header for header in cors.HEADERS),
        )
        self.transport.write(b"\r\n".join((*head, b"", body)))
        self.transport.close()

    def _await_head(self) -> None:
        self._head_came()
        self._head = 0
        self._due = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_came(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _whole(self, status: int, headers: Sequence[Header], body: bytes) -> bool:
        """Write an answer as the server does, but at once (`WHOLE`).

        Where something is in the way, as a client that does not read, it is left to the server.
        """
        cycle = self.cycle
        if self.pipeline or self.flow.write_paused:  # of a queue it is not the turn of `cycle`
            return False
        if cycle.response_started or cycle.disconnected or cycle.access_log:
            return False
        lines = [b": ".join(header) for header in (*cycle.default_headers, *headers)]
        if not cycle.keep_alive:
            lines.append(b"connection: close")
        head = b"\r\n".join(lines)
        if head.count(b"\n") >= len(lines) or head.count(b"\r") >= len(lines):
            raise ValueError("a header has a line break")
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self.transport.write(b"".join((STATUS_LINE[status], head, b"\r\n\r\n", body)))
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()
        return True
