"""The XRPC server: a bare ASGI router over methods and plain pages (spec: XRPC, HTTP requests).

``/xrpc/<nsid>`` finds an ``Endpoint`` by its NSID, its method turns the query string into checked
parameters, its handler answers. Whatever a caller sends is answered with the error that XRPC has
for it; a 500 means a defect of ours, says nothing to the caller and everything to the log. A
query's body is never read. ``Router`` takes endpoints, pages and mounts as values, so services that
share a listener are joined by joining them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import lru_cache
from typing import Literal, Protocol

from atp.errors import InvalidIdentifier
from atp.runtime import cors, log
from atp.runtime.asgi import (
    WHOLE,
    App,
    BodyTooLarge,
    Headers,
    Message,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    json_response,
    lifespan,
    query_pairs,
    read_body,
)
from atp.runtime.metrics import Registry
from atp.runtime.negotiate import negotiated
from atp.syntax import Nsid

MAX_QUERY = 32 * 1024
"""Bytes of a query string: room for a hundred AT-URIs, percent-escaped."""

MAX_BODY = 1_048_576
"""Bytes of a procedure's JSON body."""

MAX_KNOWN = 256
"""Bytes of a query string of which it is remembered what it says: most are asked again."""

TIME_LIMIT = 15.0
"""Seconds a handler may take."""

UNKNOWN = "unknown"
"""Stands in metrics for every path at which nothing is served."""

_KNOWN = 4_096
_PREFIX = "/xrpc/"
_PAGES_VARY = b"accept-encoding"
_METHODS_VARY = b"accept-encoding, authorization, atproto-accept-labelers"
_KEPT_BY_ALL = (b"cache-control", b"public, no-cache")
_KEPT_BY_ONE = (b"cache-control", b"private, no-cache")
_VERBS: Mapping[str, tuple[str, ...]] = {"query": ("GET", "HEAD"), "procedure": ("POST",)}


class Method(Protocol):
    """What the router needs to know of a method; ``lexicons.methods`` provides it."""

    @property
    def nsid(self) -> Nsid:
        """The method's name."""
        ...

    @property
    def kind(self) -> Literal["query", "procedure"]:
        """Which verb it answers to."""
        ...

    def params(self, pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
        """Checked and typed parameters, defaults filled in; the same for the same pairs.

        What is given may be given to several calls, which change nothing of it.

        Raises ValueError whose text tells the caller what to mend.
        """
        ...

    @property
    def takes_input(self) -> bool:
        """Whether it has a JSON body."""
        ...

    def input(self, body: bytes) -> object:
        """The checked body, in JSON form; raises ValueError as ``params`` does."""
        ...

    def __hash__(self) -> int:
        """For what is remembered of its calls; asked for by each."""
        ...


Handler = Callable[[Mapping[str, object], Request], Response | Awaitable[object]]
"""Parameters and request in; out a Response, bytes that are JSON already, or what JSON can say.

Who waits for nothing gives the Response itself.
"""

Page = Callable[[Request], Awaitable[Response]]
"""What stands at a plain path."""


class Outcome(StrEnum):
    """How a request ended, by the class of its status; the values are metric labels."""

    DONE = "2xx"
    ELSEWHERE = "3xx"
    REFUSED = "4xx"
    FAILED = "5xx"


_OUTCOMES = {int(outcome[0]): outcome for outcome in Outcome}

Admitted = tuple[Request, Headers]
Admit = Callable[[Request, Nsid], Admitted | Awaitable[Admitted]]
"""Lets a call of a method through, with its viewer and headers for the answer, or raises."""

Count = Callable[[str, Outcome], None]
"""Told of every answer: the method or page that was asked for, ``unknown`` for any other."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and the handler that answers it."""

    method: Method
    handler: Handler


class XrpcError(Exception):
    """An answer other than success: HTTP status, the error's name and a text for its reader."""

    def __init__(self, status: int, error: str, message: str, headers: Headers = ()) -> None:
        super().__init__(f"{status} {error}: {message}")
        self.status = status
        self.error = error
        self.message = message
        self.headers = headers

    def also(self, headers: Headers) -> XrpcError:
        """The same error with more headers."""
        return XrpcError(self.status, self.error, self.message, (*self.headers, *headers))

    def response(self) -> Response:
        """The answer as XRPC writes it."""
        body = json_response({"error": self.error, "message": self.message}, self.status)
        return body.also((*self.headers, (b"cache-control", b"no-store")))


class Router:
    """The ASGI application.

    ``pages`` maps exact paths, ``/xrpc/_health`` among them, to what stands there. ``mounts`` maps
    the beginnings of paths to ASGI applications of their own: what streams or talks back. Every
    call of a method passes ``admit`` first.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        pages: Mapping[str, Page],
        count: Count,
        *,
        mounts: Mapping[str, App] | None = None,
        admit: Admit | None = None,
        time_limit: float = TIME_LIMIT,
    ) -> None:
        self._endpoints = {_PREFIX + one.method.nsid: one for one in endpoints}
        self._pages = dict(pages)
        self._names = {path: path.removeprefix(_PREFIX) for path in self._endpoints}
        self._names |= {path: path for path in self._pages}
        self._mounts = dict(mounts or {})
        self._admit = admit or _anybody
        self._count = count
        self._time_limit = time_limit
        self._log = log.get("xrpc")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a websocket is refused where no mount takes it."""
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
        elif mount := self._mount(scope["path"]):
            await self._mounts[mount](scope, receive, self._counted(mount, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            request = Request.of(scope)
            response = await self._answer(request, receive)
            self._count(self._names.get(request.path, UNKNOWN), _OUTCOMES[response.status // 100])
            await response.send(
                send, head=request.verb == "HEAD", whole=scope.get("extensions", {}).get(WHOLE)
            )

    def _mount(self, path: str) -> str | None:
        for start in self._mounts:
            if path.startswith(start):
                return start
        return None

    def _counted(self, mount: str, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(mount, _OUTCOMES[message["status"] // 100])
            await send(message)

        return counted

    async def _answer(self, request: Request, receive: Receive) -> Response:
        if request.verb == "OPTIONS":
            requested = request.header(b"access-control-request-headers")
            return Response(b"", 204, headers=cors.preflight(requested))
        try:
            answer = self._begin(request, receive)
            if isinstance(answer, Response):
                return answer
            async with asyncio.timeout(self._time_limit):
                return await answer
        except XrpcError as exc:
            return exc.response()
        except TimeoutError:
            message = f"The answer took longer than {self._time_limit:g} s; try again later"
            return XrpcError(503, "NotEnoughResources", message).response()
        except Exception:  # noqa: BLE001 - the one edge: logged, counted, hidden from the caller
            self._log.exception("request failed", path=request.path, query=request.query)
            return XrpcError(500, "InternalServerError", "Internal server error").response()

    def _begin(self, request: Request, receive: Receive) -> Response | Awaitable[Response]:
        """The answer, or what gives it in time: setting a timer costs more than many an answer."""
        if len(request.query) > MAX_QUERY:
            raise XrpcError(414, "InvalidRequest", f"The query exceeds {MAX_QUERY} bytes")
        if page := self._pages.get(request.path):
            _demand_verb(request, _VERBS["query"])
            return _page(page, request)
        endpoint = self._endpoints.get(request.path) or self._normal(request.path)
        _demand_verb(request, _VERBS[endpoint.method.kind])
        admitted = self._admit(request, endpoint.method.nsid)
        if isinstance(admitted, tuple) and not endpoint.method.takes_input:
            return _answered(endpoint, *admitted)
        return _received(endpoint, request, admitted, receive)

    def _normal(self, path: str) -> Endpoint:
        """The endpoint whose name is written in another way. Raises `XrpcError` without one."""
        name = path.removeprefix(_PREFIX)
        if not path.startswith(_PREFIX) or not name or "/" in name:
            raise XrpcError(404, "XRPCNotSupported", "Nothing is served at this path")
        try:
            nsid = Nsid.parse(name)
        except InvalidIdentifier as exc:
            raise XrpcError(400, "InvalidRequest", f"Not a method name: {exc}") from exc
        if endpoint := self._endpoints.get(_PREFIX + nsid):
            return endpoint
        raise XrpcError(501, "MethodNotImplemented", f"This server does not serve {nsid}")


async def _page(page: Page, request: Request) -> Response:
    return _finished(request, await page(request), (), _PAGES_VARY)


async def _received(
    endpoint: Endpoint,
    request: Request,
    admitted: Admitted | Awaitable[Admitted],
    receive: Receive,
) -> Response:
    """The answer to a call that is still to be admitted, or whose body is still to come."""
    request, told = admitted if isinstance(admitted, tuple) else await admitted
    if endpoint.method.takes_input:
        try:
            request = request._replace(input=await _input(endpoint.method, request, receive))
        except XrpcError as exc:
            raise exc.also(told) from exc
    answer = _answered(endpoint, request, told)
    return answer if isinstance(answer, Response) else await answer


def _answered(
    endpoint: Endpoint, request: Request, told: Headers
) -> Response | Awaitable[Response]:
    try:
        answer = endpoint.handler(_params(endpoint.method, request), request)
    except XrpcError as exc:
        raise exc.also(told) from exc
    if isinstance(answer, Response):
        return _finished(request, answer, told, _METHODS_VARY)
    return _awaited(answer, request, told)


async def _awaited(answer: Awaitable[object], request: Request, told: Headers) -> Response:
    try:
        given = await answer
    except XrpcError as exc:
        raise exc.also(told) from exc
    if not isinstance(given, Response):
        given = Response(given) if isinstance(given, bytes) else json_response(given)
    return _finished(request, given, told, _METHODS_VARY)


def _params(method: Method, request: Request) -> Mapping[str, object]:
    try:
        if len(request.query) > MAX_KNOWN:
            return method.params(query_pairs(request.query))
        return _read(method, request.query)
    except ValueError as exc:
        raise XrpcError(400, "InvalidRequest", str(exc)) from exc


@lru_cache(_KNOWN)
def _read(method: Method, query: bytes) -> Mapping[str, object]:
    return method.params(query_pairs(query))


def _anybody(request: Request, _method: Nsid) -> Admitted:
    return request, ()


def _finished(request: Request, response: Response, told: Headers, vary: bytes) -> Response:
    """The answer as it is sent, with how long it may be kept.

    That is until asked again, and by nobody else if private.
    """
    if b"cache-control" not in dict(response.headers):
        told = (_KEPT_BY_ONE if request.header(b"authorization") else _KEPT_BY_ALL, *told)
    return negotiated(request, response, vary, told)


def counter(registry: Registry, endpoints: Iterable[Endpoint], paths: Iterable[str]) -> Count:
    """A Prometheus counter of requests; its labels are what is served and nothing else."""
    names = [*(str(endpoint.method.nsid) for endpoint in endpoints), *paths, UNKNOWN]
    labels = Enum("Served", [(name, name) for name in names])  # type: ignore[misc]
    series = registry.counter(
        "xrpc_requests_total", "Requests answered.", method=labels, outcome=Outcome
    )
    each = {
        (name, outcome): series.of(labels[name], outcome) for name in names for outcome in Outcome
    }
    return lambda name, outcome: each[name, outcome]()


async def _input(method: Method, request: Request, receive: Receive) -> object:
    encoding, _, _ = (request.header(b"content-type") or b"").partition(b";")
    if encoding.strip().lower() != b"application/json":
        message = "The body must be JSON, with Content-Type: application/json"
        raise XrpcError(400, "InvalidRequest", message)
    try:
        return method.input(await read_body(receive, MAX_BODY))
    except BodyTooLarge as exc:
        raise XrpcError(413, "PayloadTooLarge", str(exc)) from exc
    except ValueError as exc:
        raise XrpcError(400, "InvalidRequest", str(exc)) from exc


def _demand_verb(request: Request, verbs: tuple[str, ...]) -> None:
    if request.verb not in verbs:
        message = f"Incorrect HTTP method ({request.verb}), expected {verbs[0]}"
        raise XrpcError(400, "InvalidRequest", message)
