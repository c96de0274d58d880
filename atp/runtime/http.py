"""HTTP to other people's servers: every answer is hostile until it has been bounded.

Whom we ask is decided by the `Guard`, for the first URL, for each redirect and for every address
that a connection is opened to: aiohttp gets its addresses from the guard and its own DNS cache is
off; a pooled connection keeps the vetted address it was opened to. What comes back is bounded
here: time in total and between two reads, size after decompression (aiohttp inflates in small
steps, so a bomb costs no more than the cap), headers, connections per host and in all. No cookies
are kept and no proxy settings are read. The errors stand in `atp.runtime.http_errors`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack
from urllib.parse import urljoin, urlsplit

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult

from atp.runtime.guard import Guard, Lookup
from atp.runtime.http_errors import (
    HttpError,
    HttpMalformed,
    HttpNoHost,
    HttpRefused,
    HttpStatus,
    HttpTooLarge,
    HttpUnavailable,
    refused_with,
    rest,
)

__all__ = [
    "Bounds",
    "Client",
    "HttpError",
    "HttpMalformed",
    "HttpNoHost",
    "HttpRefused",
    "HttpStatus",
    "HttpTooLarge",
    "HttpUnavailable",
    "Response",
    "Stream",
]

DEFAULT_LIMIT = 524_288
"""Bytes of a body, unless the caller knows better: enough for any metadata document."""

DEFAULT_TIMEOUT = 10.0
"""Seconds for a whole request, redirects and body included, unless the caller knows better."""

CONNECT_TIMEOUT = 5.0
"""Seconds to connect to one address."""

READ_TIMEOUT = 10.0
"""Seconds that a body may stand still."""

MAX_PER_HOST = 16
MAX_CONNECTIONS = 256

ERROR_BODY_LIMIT = 16_384
"""Bytes of an error's body that are kept; the rest is cut off."""

USER_AGENT = "plyr-appview"

_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class Bounds(TypedDict, total=False):
    """What a caller may say about a request.

    ``limit``: bytes of the decompressed body; ``timeout``: seconds for everything together;
    ``redirects``: hops to follow, each vetted; ``headers``: sent to the first origin alone.
    """

    limit: int
    timeout: float
    redirects: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer with a 2xx status; header names compare without case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, whatever content type it claims, or `HttpMalformed`."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as exc:
            raise HttpMalformed(self.url, f"the body is not JSON: {exc}") from exc


class Client:
    """Asks other people's servers under the rules of its `Guard`; open as long as its context.

    All methods raise `HttpError`. ``ssl_context`` replaces the system's certificate authorities.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        trusted_origins: Iterable[str] = (),
        lookup: Lookup | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.guard = Guard(
            allow_private=allow_private, trusted_origins=trusted_origins, lookup=lookup
        )
        self._ssl_context = ssl_context
        self.heard: Callable[[str, float], None] = lambda _origin, _seconds: None
        """Told when an answer asks for rest: whose it is (``https://host``), and the seconds."""

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=_GuardedResolver(self.guard),
            use_dns_cache=False,
            ssl=True if self._ssl_context is None else self._ssl_context,
            limit=MAX_CONNECTIONS,
            limit_per_host=MAX_PER_HOST,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def get_json(self, url: str, **bounds: Unpack[Bounds]) -> Any:
        """GET a document and parse it as JSON."""
        return (await self.get_bytes(url, **bounds)).json()

    async def get_bytes(self, url: str, **bounds: Unpack[Bounds]) -> Response:
        """GET a whole body."""
        return await self.request("GET", url, **bounds)

    async def request(
        self, method: str, url: str, *, json: Any = None, **bounds: Unpack[Bounds]
    ) -> Response:
        """Send any request, with ``json`` as its body if given, and read the whole answer."""
        async with self.stream(method, url, json=json, **bounds) as answer:
            body = b"".join([piece async for piece in answer])
        return Response(answer.url, answer.status, answer.headers, body)

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, json: Any = None, **bounds: Unpack[Bounds]
    ) -> AsyncIterator[Stream]:
        """Send a request and read the body in pieces.

            async with http.stream("GET", url, limit=…) as answer:
                async for piece in answer: …

        The timeout covers the whole stay in the context; leaving early drops the connection.
        Only a GET follows redirects.
        """
        limit = bounds.get("limit", DEFAULT_LIMIT)
        url, answer = await self._follow(method, url, json, bounds)
        try:
            await _check_status(url, answer)
            yield Stream(url, answer, limit)
        finally:
            answer.release()

    async def _follow(
        self, method: str, url: str, json: Any, bounds: Bounds
    ) -> tuple[str, aiohttp.ClientResponse]:
        """The first answer that is not a redirect, or the one at which the hops run out."""
        now = asyncio.get_running_loop().time
        deadline = now() + bounds.get("timeout", DEFAULT_TIMEOUT)
        hops = bounds.get("redirects", 0) if method == "GET" else 0
        headers = dict(bounds.get("headers", {}))
        body = None
        if json is not None:
            body = orjson.dumps(json)
            headers["Content-Type"] = "application/json"
        origin = self.guard.vet(url)
        while True:
            answer = await self._send(method, url, headers, body, deadline - now())
            target = answer.headers.get("Location")
            if hops == 0 or answer.status not in _REDIRECTS or target is None:
                return url, answer
            answer.release()
            hops -= 1
            url = urljoin(url, target)
            if self.guard.vet(url) != origin:
                headers = {}

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float,
    ) -> aiohttp.ClientResponse:
        if seconds <= 0:
            raise HttpUnavailable(url, "redirected for too long")
        timeout = aiohttp.ClientTimeout(
            total=seconds, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT
        )
        with _translated(url):
            answer = await self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False, timeout=timeout
            )
        asked = rest(answer.headers)
        if asked is not None:
            self.heard("{0.scheme}://{0.netloc}".format(urlsplit(url)), asked)
        return answer


class Stream:
    """A 2xx answer whose body is on its way; iterate once. The cap holds after decompression."""

    def __init__(self, url: str, answer: aiohttp.ClientResponse, limit: int) -> None:
        self.url = url
        self.status = answer.status
        self.headers: Mapping[str, str] = answer.headers
        self._answer = answer
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._limit
        if (self._answer.content_length or 0) > left:
            raise HttpTooLarge(self.url, self._limit)
        while piece := await _read(self.url, self._answer):
            left -= len(piece)
            if left < 0:
                raise HttpTooLarge(self.url, self._limit)
            yield piece


class _GuardedResolver(AbstractResolver):
    """Where aiohttp asks for addresses: only vetted ones come out."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=kind,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, address in await self._guard.addresses(host, port)
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Nothing is kept open."""


async def _check_status(url: str, answer: aiohttp.ClientResponse) -> None:
    if 200 <= answer.status < 300:
        return
    body = b""
    while len(body) < ERROR_BODY_LIMIT and (piece := await _read(url, answer)):
        body += piece
    raise refused_with(url, answer.status, answer.headers, body[:ERROR_BODY_LIMIT])


async def _read(url: str, answer: aiohttp.ClientResponse) -> bytes:
    """The next piece of the decompressed body; empty at its end."""
    with _translated(url):
        return await answer.content.readany()


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Turn what aiohttp and sockets raise into `HttpUnavailable`."""
    try:
        yield
    except TimeoutError as exc:
        raise HttpUnavailable(url, "no answer in time") from exc
    except (aiohttp.ClientError, OSError) as exc:
        raise HttpUnavailable(url, f"{type(exc).__name__}: {str(exc)[:200]}") from exc
