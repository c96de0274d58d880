"""HTTP in the bare ASGI form: one request in, one whole response out.

Small on purpose: XRPC answers are complete JSON documents, so nothing here streams, and a
framework between the server and the router costs more than the answer itself. The query string
is decoded strictly, since a replacement character would turn a broken request into a search for
something that nobody asked for.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import orjson

from atp.runtime import cors
from atp.syntax import Did

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]

WHOLE = "plyr.whole"
"""An extension of the scope: a server that has it takes a whole answer at once."""

Whole = Callable[[int, Sequence[Header], bytes], bool]
"""Writes status, headers and body, and says whether it did: else they are sent as ASGI has it.

The headers give the length of the body.
"""

MAX_PAIRS = 256
"""Parameters of one query string."""

_ALWAYS = ((b"x-content-type-options", b"nosniff"), *cors.HEADERS)
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Request(NamedTuple):
    """What a handler may know of a call besides its parameters.

    ``client`` is the address of the peer; ``input`` is a procedure's body; ``viewer`` is the
    account that calls, where it has proven itself.
    """

    verb: str
    path: str
    query: bytes
    headers: Headers
    client: str | None = None
    input: object = None
    viewer: Did | None = None

    @classmethod
    def of(cls, scope: Scope) -> Request:
        """The request of an ``http`` scope."""
        client = scope.get("client")
        return cls(
            scope["method"],
            scope["path"],
            scope["query_string"],
            tuple(scope["headers"]),
            client[0] if client else None,
        )

    def header(self, name: bytes) -> bytes | None:
        """The first header of this name, in lower case as ASGI has them."""
        for key, value in self.headers:  # several times for each request
            if key == name:
                return value
        return None

    def all(self, name: bytes) -> list[bytes]:
        """Every header of this name, in order."""
        return [value for key, value in self.headers if key == name]


class Response(NamedTuple):
    """A whole answer; length and cross-origin headers are added when it is sent.

    ``tag`` stands for its content, where that is known without reading it again.
    """

    body: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: Headers = ()
    tag: bytes | None = None

    def also(self, headers: Headers) -> Response:
        """The same answer with more headers."""
        if not headers:
            return self
        return Response(
            self.body, self.status, self.content_type, (*self.headers, *headers), self.tag
        )

    async def send(self, send: Send, *, head: bool, whole: Whole | None = None) -> None:
        """Write the answer; ``head`` leaves the body out and keeps its length.

        ``whole`` is what the server has under `WHOLE`, where it has it.
        """
        headers = [
            (b"content-type", self.content_type),
            (b"content-length", b"%d" % len(self.body)),
            *_ALWAYS,
            *self.headers,
        ]
        body = b"" if head else self.body
        if whole is None or not whole(self.status, headers, body):
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            await send({"type": "http.response.body", "body": body})


def json_response(value: object, status: int = 200) -> Response:
    """``value`` as a JSON answer."""
    return Response(orjson.dumps(value), status)


def query_pairs(query: bytes) -> list[tuple[str, str]]:
    """The name and value pairs of a query string, in order, repeated names kept.

    Form rules: ``+`` is a space, an empty part is skipped, a name without ``=`` has an empty
    value. Raises ValueError for a broken percent escape, for bytes that are not UTF-8 and for
    more than ``MAX_PAIRS`` parts.
    """
    if query.count(b"&") >= MAX_PAIRS:
        raise ValueError(f"more than {MAX_PAIRS} query parameters")
    if b"%" in query and _BROKEN_ESCAPE.search(query):
        raise ValueError("the query string has a broken percent escape")
    text = _unescaped if b"%" in query else bytes.decode
    parts = [part.partition(b"=") for part in query.replace(b"+", b" ").split(b"&") if part]
    try:
        return [(text(name), text(value)) for name, _, value in parts]
    except UnicodeDecodeError as exc:
        raise ValueError("the query string is not UTF-8 once unescaped") from exc


def _unescaped(escaped: bytes) -> str:
    return unquote_to_bytes(escaped).decode()


class BodyTooLarge(ValueError):
    """A request's body is longer than what is read."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """A request's body. Raises `BodyTooLarge` as soon as it exceeds ``limit`` bytes."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge(f"The body exceeds {limit} bytes")
        if not message.get("more_body", False):
            return bytes(body)


async def lifespan(receive: Receive, send: Send) -> None:
    """Acknowledge a server's start and stop; nothing of ours hangs on them."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
