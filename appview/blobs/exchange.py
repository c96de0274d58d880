"""One request for a file and its answer, headers and bytes."""

from __future__ import annotations

import asyncio

from appview.blobs import headers
from appview.blobs.cache import File
from appview.blobs.failure import Failed, Failure
from appview.blobs.flight import Flight
from appview.blobs.metrics import Metrics, Served
from appview.blobs.ranges import Span, Unsatisfiable, span
from atp.cid import Cid
from atp.runtime.asgi import Header, Headers, Request, Response, Send, json_response

PIECE = 65_536
"""Bytes that are read and sent at a time."""

TAKEN_IN = 60.0
"""Seconds in which a caller has to take a piece; a player that has enough for now comes back."""

_RETRY = (b"retry-after", b"10")
_STATUS = {
    Failure.ABSENT: 404,
    Failure.UNAVAILABLE: 502,
    Failure.MISMATCH: 502,
    Failure.TOO_LARGE: 502,
    Failure.BUSY: 503,
    Failure.NO_SPACE: 507,
    Failure.ENDED: 503,
}
_NAMES = {404: "BlobNotFound", 502: "UpstreamFailure", 507: "InsufficientStorage"}
NO_PLACE = "NotEnoughResources"


class Exchange:
    """One request and its answer."""

    def __init__(self, request: Request, send: Send, metrics: Metrics, taken_in: float) -> None:
        self._request = request
        self._send = send
        self._metrics = metrics
        self._taken_in = taken_in
        self._head = request.verb == "HEAD"
        self.is_broken = False
        """Whether the answer has begun and cannot be ended."""

    async def serve(self, source: File | Flight, cid: Cid, mime_type: str) -> Served:
        """Send the file, or the part that is asked for. Raises `Failed`."""
        verified = source.verified
        tag = headers.etag(cid) if verified else None
        said = headers.about(cid, headers.content_type(mime_type), verified=verified)
        if tag and headers.has(self._request.header(b"if-none-match"), tag):
            await send_whole(self._send, 304, said)
            return Served.NOT_MODIFIED
        try:
            part = self._part(source.size, tag)
        except Unsatisfiable as exc:
            where = (b"content-range", b"bytes */%d" % source.size)
            answer = error(416, "InvalidRequest", str(exc), where)
            await reply(self._send, answer, head=self._head)
            return Served.UNSATISFIABLE
        if not await self._body(source, part, said):
            return Served.SLOW
        return Served.KEPT if verified else Served.ARRIVING

    def _part(self, size: int, tag: bytes | None) -> Span | None:
        if self._head or not headers.still(self._request.header(b"if-range"), tag):
            return None
        return span(self._request.header(b"range"), size)

    async def _body(self, source: File | Flight, part: Span | None, said: Headers) -> bool:
        """Send head and bytes; whether the caller took them."""
        status, where = 200, part or Span(0, source.size)
        if part:
            told = b"bytes %d-%d/%d" % (part.first, part.end - 1, source.size)
            status, said = 206, (*said, (b"content-range", told))
        said = (*said, (b"content-length", b"%d" % where.length))
        if self._head or not where.length:
            await send_whole(self._send, status, said)
            return True
        await self._send({"type": "http.response.start", "status": status, "headers": [*said]})
        self.is_broken = True
        position = where.first
        while position < where.end:
            piece = await source.read(position, min(PIECE, where.end - position))
            position += len(piece)
            try:
                async with asyncio.timeout(self._taken_in):
                    await self._send(
                        {
                            "type": "http.response.body",
                            "body": piece,
                            "more_body": position < where.end,
                        }
                    )
            except TimeoutError:
                return False
            self._metrics.went(len(piece))
        self.is_broken = False
        return True

    async def fail(self, failed: Failed) -> None:
        """Tell that there is no file, unless some of it has been sent."""
        if self.is_broken:
            return
        status = _STATUS[failed.failure]
        name = _NAMES.get(status, NO_PLACE)
        extra = (_RETRY,) if status in (502, 503) else ()
        await reply(self._send, error(status, name, str(failed), *extra), head=self._head)


def error(status: int, name: str, message: str, *extra: Header) -> Response:
    """An answer that names what is wrong."""
    body = json_response({"error": name, "message": message}, status)
    return Response(body.body, status, headers=(*headers.SAFE, headers.NOT_KEPT, *extra))


async def reply(send: Send, answer: Response, *, head: bool) -> None:
    """Send an answer that is no file."""
    said = (
        (b"content-type", answer.content_type),
        (b"content-length", b"%d" % len(answer.body)),
        *answer.headers,
    )
    await send_whole(send, answer.status, said, b"" if head else answer.body)


async def send_whole(send: Send, status: int, said: Headers, body: bytes = b"") -> None:
    """Send an answer at once."""
    await send({"type": "http.response.start", "status": status, "headers": [*said]})
    await send({"type": "http.response.body", "body": body})
