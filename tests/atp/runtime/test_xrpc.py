"""The XRPC router: every request has its proper answer and none is a 500."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.runtime.asgi import Headers, Receive, Request, Response, Scope, Send, json_response
from atp.runtime.metrics import Registry
from atp.runtime.xrpc import MAX_BODY, MAX_QUERY, Endpoint, Outcome, Router, XrpcError, counter
from atp.syntax import Nsid
from tests.atp.runtime.asgi_call import Answer, call, call_sync

JSON = b"application/json"


@dataclass(frozen=True, eq=False)
class EchoMethod:
    """A method whose only rule is that the parameter ``bad`` is refused."""

    nsid: Nsid
    kind: Literal["query", "procedure"] = "query"

    def params(self, pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
        if any(name == "bad" for name, _ in pairs):
            raise ValueError("bad must not be given")
        return {"pairs": [list(pair) for pair in pairs]}

    @property
    def takes_input(self) -> bool:
        return self.nsid.name == "send"

    def input(self, body: bytes) -> object:
        return orjson.loads(body)


async def echo(params: Mapping[str, object], request: Request) -> object:
    return params


async def send(params: Mapping[str, object], request: Request) -> object:
    return request.input


async def encoded(params: Mapping[str, object], request: Request) -> object:
    return b'{"already":"json"}'


async def refuses(params: Mapping[str, object], request: Request) -> object:
    raise XrpcError(400, "RecordNotFound", "No such track")


async def breaks(params: Mapping[str, object], request: Request) -> object:
    raise RuntimeError("the secret detail")


async def stalls(params: Mapping[str, object], request: Request) -> object:
    return await asyncio.Event().wait()


async def text(params: Mapping[str, object], request: Request) -> object:
    agent = request.header(b"user-agent") or b""
    return Response(agent, content_type=b"text/plain", headers=((b"x-more", b"1"),))


async def front(request: Request) -> Response:
    return Response(b"<p>hello</p>", content_type=b"text/html")


async def health(request: Request) -> Response:
    return json_response({"status": "behind"}, 503)


QUERIES = (echo, encoded, refuses, breaks, stalls, text)
ENDPOINTS = (
    *(Endpoint(EchoMethod(Nsid.parse(f"com.example.{fn.__name__}")), fn) for fn in QUERIES),
    Endpoint(EchoMethod(Nsid.parse("com.example.write"), "procedure"), echo),
    Endpoint(EchoMethod(Nsid.parse("com.example.send"), "procedure"), send),
)
PAGES = {"/": front, "/xrpc/_health": health}


@dataclass
class Served:
    """A router with one method of each sort, and what it counted."""

    counted: list[tuple[str, Outcome]] = field(default_factory=list)
    router: Router = field(init=False)

    def __post_init__(self) -> None:
        self.router = Router(ENDPOINTS, PAGES, self._count, time_limit=0.05)

    def _count(self, name: str, outcome: Outcome) -> None:
        self.counted.append((name, outcome))


@pytest.fixture
def served() -> Served:
    """A fresh router."""
    return Served()


def error(answer: Answer) -> tuple[int, str]:
    """Status and error name of an answer, which must be a well-formed XRPC error."""
    body = orjson.loads(answer.body)
    assert set(body) == {"error", "message"}
    assert answer.headers["content-type"] == "application/json"
    return answer.status, body["error"]


async def test_query_answers_json(served: Served) -> None:
    """A query gets its parameters in order, repeated names kept, and answers JSON."""
    answer = await call(served.router, "/xrpc/com.example.echo", b"a=1&b=x+%C3%A9&a=2&c")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert orjson.loads(answer.body) == {"pairs": [["a", "1"], ["b", "x é"], ["a", "2"], ["c", ""]]}


async def test_encoded_and_whole_answers(served: Served) -> None:
    """Bytes are JSON already; a Response is sent as it is."""
    encoded = await call(served.router, "/xrpc/com.example.encoded")
    assert (encoded.body, encoded.headers["content-type"]) == (
        b'{"already":"json"}',
        "application/json",
    )
    text = await call(
        served.router, "/xrpc/com.example.text", headers={b"user-agent": b"the caller"}
    )
    assert (text.body, text.headers["content-type"]) == (b"the caller", "text/plain")
    assert text.headers["x-more"] == "1"


@pytest.mark.parametrize(
    ("verb", "path", "query", "expected"),
    [
        ("POST", "/xrpc/com.example.echo", b"", (400, "InvalidRequest")),
        ("PUT", "/xrpc/com.example.echo", b"", (400, "InvalidRequest")),
        ("GET", "/xrpc/com.example.write", b"", (400, "InvalidRequest")),
        ("HEAD", "/xrpc/com.example.write", b"", (400, "InvalidRequest")),
        ("POST", "/", b"", (400, "InvalidRequest")),
        ("GET", "/xrpc/com.example.unknown", b"", (501, "MethodNotImplemented")),
        ("POST", "/xrpc/com.example.unknown", b"", (501, "MethodNotImplemented")),
        ("GET", "/xrpc/nonsense", b"", (400, "InvalidRequest")),
        ("GET", "/xrpc/com.example.é", b"", (400, "InvalidRequest")),
        ("GET", "/xrpc", b"", (404, "XRPCNotSupported")),
        ("GET", "/xrpc/", b"", (404, "XRPCNotSupported")),
        ("GET", "/xrpc/com.example.echo/more", b"", (404, "XRPCNotSupported")),
        ("GET", "/elsewhere", b"", (404, "XRPCNotSupported")),
        ("GET", "/xrpc/com.example.echo", b"bad=1", (400, "InvalidRequest")),
        ("GET", "/xrpc/com.example.echo", b"a=%zz", (400, "InvalidRequest")),
        ("GET", "/xrpc/com.example.echo", b"a=%", (400, "InvalidRequest")),
        ("GET", "/xrpc/com.example.echo", b"a=%FF", (400, "InvalidRequest")),
        ("GET", "/xrpc/com.example.echo", b"a=\xff", (400, "InvalidRequest")),
        ("GET", "/xrpc/com.example.echo", b"&" * 256, (400, "InvalidRequest")),
        ("GET", "/xrpc/com.example.echo", b"a" * (MAX_QUERY + 1), (414, "InvalidRequest")),
        ("GET", "/xrpc/com.example.refuses", b"", (400, "RecordNotFound")),
        ("GET", "/xrpc/com.example.stalls", b"", (503, "NotEnoughResources")),
    ],
)
async def test_errors(
    served: Served, verb: str, path: str, query: bytes, expected: tuple[int, str]
) -> None:
    """Each mistake has its status and name, and a browser may read it."""
    answer = await call(served.router, path, query, verb=verb)
    if verb == "HEAD":
        assert (answer.status, answer.body) == (expected[0], b"")
    else:
        assert error(answer) == expected
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_wrong_verb_says_which_is_right(served: Served) -> None:
    """The message of a wrong verb names the one to use."""
    answer = await call(served.router, "/xrpc/com.example.echo", verb="POST")
    assert b"Incorrect HTTP method (POST), expected GET" in answer.body


async def test_procedure_is_posted(served: Served) -> None:
    """A procedure answers POST."""
    assert (await call(served.router, "/xrpc/com.example.write", verb="POST")).status == 200


def body_of(*parts: bytes) -> Callable[[], Awaitable[Any]]:
    """A request's body as a server hands it on, in parts."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.request"}

    return receive


async def test_a_body_is_read_checked_and_handed_on(served: Served) -> None:
    """In however many parts it comes; not JSON, of another type and too long are refused by name."""

    async def posted(receive: Callable[[], Awaitable[Any]], kind: bytes = JSON) -> Answer:
        path, headers = "/xrpc/com.example.send", {b"content-type": kind}
        return await call(served.router, path, verb="POST", headers=headers, receive=receive)

    answer = await posted(body_of(b'{"a"', b":", b"1}"), b"Application/JSON; charset=utf-8")
    assert (answer.status, answer.body) == (200, b'{"a":1}')
    assert error(await posted(body_of(b"{}"), b"text/plain")) == (400, "InvalidRequest")
    assert error(await posted(body_of(b"{"))) == (400, "InvalidRequest")
    long = (b" " * (MAX_BODY // 2 + 1) for _ in range(3))
    assert error(await posted(body_of(*long))) == (413, "PayloadTooLarge")


async def test_manners() -> None:
    """What may be kept and by whom, on what it depends, and who has it already; errors are not."""

    async def admit(request: Request, method: Nsid) -> tuple[Request, Headers]:
        assert method == "com.example.echo"
        return request, ((b"ratelimit-remaining", b"7"),)

    router = Router(ENDPOINTS, PAGES, lambda _name, _outcome: None, admit=admit)
    path = "/xrpc/com.example.echo"
    answer = await call(router, path)
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.headers["vary"] == "accept-encoding, authorization, atproto-accept-labelers"
    again = {b"if-none-match": answer.headers["etag"].encode(), b"authorization": b"x"}
    known = await call(router, path, headers=again)
    assert (known.status, known.body) == (304, b"")
    assert known.headers["cache-control"] == "private, no-cache"
    refused = await call(router, path, b"bad=1")
    assert refused.headers["cache-control"] == "no-store"
    left = {one.headers["ratelimit-remaining"] for one in (answer, known, refused)}
    assert left == {"7"}


async def test_defect_tells_the_caller_nothing(served: Served) -> None:
    """A defect is a 500 without its detail, and is counted as one."""
    answer = await call(served.router, "/xrpc/com.example.breaks")
    assert error(answer) == (500, "InternalServerError")
    assert b"secret" not in answer.body
    assert served.counted == [("com.example.breaks", Outcome.FAILED)]


async def test_head_is_get_without_body(served: Served) -> None:
    """HEAD has the headers of GET, its length too, and no body."""
    got = await call(served.router, "/xrpc/com.example.echo", b"a=1")
    head = await call(served.router, "/xrpc/com.example.echo", b"a=1", verb="HEAD")
    assert (head.status, head.headers, head.body) == (got.status, got.headers, b"")


@pytest.mark.parametrize("path", ["/xrpc/com.example.echo", "/xrpc/com.example.unknown", "/"])
async def test_preflight(served: Served, path: str) -> None:
    """A preflight is answered 204 and allows what the browser asked for."""
    asked = {b"access-control-request-headers": b"authorization, x-app"}
    answer = await call(served.router, path, verb="OPTIONS", headers=asked)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "authorization, x-app"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-max-age"] == "86400"


async def test_pages(served: Served) -> None:
    """Plain paths answer beside the methods, health with its own status."""
    front = await call(served.router, "/")
    assert (front.status, front.headers["content-type"]) == (200, "text/html")
    health = await call(served.router, "/xrpc/_health")
    assert (health.status, health.body) == (503, b'{"status":"behind"}')


async def test_counting_is_bounded(served: Served) -> None:
    """Only names that the router serves are counted by name."""
    for path in ("/xrpc/com.example.echo", "/", "/xrpc/_health", "/xrpc/a.b.c", "/x/y"):
        await call(served.router, path)
    assert served.counted == [
        ("com.example.echo", Outcome.DONE),
        ("/", Outcome.DONE),
        ("/xrpc/_health", Outcome.FAILED),
        ("unknown", Outcome.FAILED),
        ("unknown", Outcome.REFUSED),
    ]


async def test_counter_is_a_closed_series() -> None:
    """The Prometheus counter knows every name and outcome from the start, and takes no other."""
    registry = Registry("test")
    router = Router(ENDPOINTS, PAGES, counter(registry, ENDPOINTS, PAGES))
    before = registry.render().count(b"xrpc_requests_total{")
    for path in ("/xrpc/com.example.echo", "/xrpc/com.example.echo", "/xrpc/a.b.c", "/nowhere"):
        await call(router, path)
    after = registry.render()
    assert after.count(b"xrpc_requests_total{") == before
    assert b'xrpc_requests_total{method="com.example.echo",outcome="2xx"} 2.0' in after
    assert b'xrpc_requests_total{method="unknown",outcome="5xx"} 1.0' in after
    assert b'xrpc_requests_total{method="unknown",outcome="4xx"} 1.0' in after


async def test_a_mount_takes_what_begins_with_its_path() -> None:
    """An application of its own answers below its path, websockets too, and is counted as one."""
    paths: list[str] = []

    async def streams(scope: Scope, _receive: Receive, send: Send) -> None:
        paths.append(f"{scope['type']} {scope['path']}")
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 206, "headers": []})
            await send({"type": "http.response.body", "body": b"part"})

    counted: list[tuple[str, Outcome]] = []

    def count(name: str, outcome: Outcome) -> None:
        counted.append((name, outcome))

    router = Router(ENDPOINTS, PAGES, count, mounts={"/blob/": streams})
    assert (await call(router, "/blob/did:web:a.test/x")).body == b"part"
    assert (await call(router, "/blob")).status == 404
    await router({"type": "websocket", "path": "/blob/live"}, unheard, unheard)
    assert paths == ["http /blob/did:web:a.test/x", "websocket /blob/live"]
    assert counted == [("/blob/", Outcome.DONE), ("unknown", Outcome.REFUSED)]


async def unheard(_message: object = None) -> Any:
    """A side of a websocket on which nothing is said."""
    raise AssertionError


async def test_body_of_a_query_is_never_read(served: Served) -> None:
    """A query is answered although its body never ends."""

    async def never() -> dict[str, object]:
        raise AssertionError("the body was read")

    answer = await call(served.router, "/xrpc/com.example.echo", receive=never)
    assert answer.status == 200


async def test_lifespan_and_websocket(served: Served) -> None:
    """A server's start and stop are acknowledged; a websocket is refused before it opens."""
    incoming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return dict(next(incoming))

    async def send(message: object) -> None:
        sent.append(message)

    await served.router({"type": "lifespan"}, receive, send)
    await served.router({"type": "websocket", "path": "/"}, receive, send)
    assert sent == [
        {"type": "lifespan.startup.complete"},
        {"type": "lifespan.shutdown.complete"},
        {"type": "websocket.close", "code": 1000},
    ]


@given(
    verb=st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "BREW"]),
    path=st.one_of(
        st.text(max_size=40),
        st.text(max_size=40).map("/xrpc/".__add__),
        st.sampled_from(["/xrpc/com.example.echo", "/xrpc/com.example.write", "/"]),
    ),
    query=st.one_of(
        st.binary(max_size=80), st.text(alphabet="a=&%+0Ff", max_size=80).map(str.encode)
    ),
    requested=st.binary(max_size=30),
)
def test_never_a_500(verb: str, path: str, query: bytes, requested: bytes) -> None:
    """Whatever is sent, the answer is not a defect of ours."""
    answer = call_sync(
        Served().router,
        path,
        query,
        verb=verb,
        headers={b"access-control-request-headers": requested},
    )
    assert answer.status in {200, 204, 400, 404, 501, 503}
    assert answer.status != 503 or path == "/xrpc/_health"
