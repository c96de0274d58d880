"""Calling methods of a server that answers what a test tells it to."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from atp.runtime.http import Client, HttpMalformed, HttpTooLarge, HttpUnavailable
from pds_client.xrpc import MAX_MESSAGE, MAX_NAME, XrpcFailure, method_url, procedure, query
from tests.atp.runtime.foreign_server import web_server
from tests.pds_client.hosts import Answer

NSID = "com.example.get"


def test_parameters() -> None:
    """Booleans, numbers and repeated keys are written as XRPC wants them."""
    url = method_url(
        "https://pds.example.com/", NSID, {"a": True, "b": 3, "c": ["x", "y"], "d": ""}
    )
    assert url == "https://pds.example.com/xrpc/com.example.get?a=true&b=3&c=x&c=y&d="
    assert method_url("https://a.b", NSID, {}) == "https://a.b/xrpc/com.example.get"


@given(st.dictionaries(st.text(min_size=1), st.lists(st.text(), min_size=1)))
def test_parameters_survive(params: dict[str, list[str]]) -> None:
    """Whatever text is sent, the server reads the same."""
    url = urlsplit(method_url("https://a.b", NSID, params))
    pairs = [(name, value) for name, values in params.items() for value in values]
    assert parse_qsl(url.query, keep_blank_values=True) == pairs
    assert url.path == "/xrpc/com.example.get"


async def test_calls() -> None:
    """A query sends its parameters, a procedure its body; both answer with an object."""

    async def get(request: web.Request) -> web.Response:
        return web.json_response({"got": request.query.getall("x")})

    async def post(request: web.Request) -> web.Response:
        return web.json_response(await request.json())

    path = f"/xrpc/{NSID}"
    async with (
        web_server([web.get(path, get), web.post(path, post)]) as url,
        Client(allow_private=True) as http,
    ):
        assert await query(http, url, NSID, {"x": ["+ &", "é%"]}) == {"got": ["+ &", "é%"]}
        assert await procedure(http, url, NSID, {"a": [1]}) == {"a": [1]}


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (400, '{"error": "RepoNotFound", "message": "no"}', "RepoNotFound", "no"),
        (404, '{"error": "RepoNotFound"}', "RepoNotFound", ""),
        (501, '{"error": "MethodNotImplemented"}', "MethodNotImplemented", ""),
        (400, '{"error": 7, "message": ["x"]}', "", ""),
        (400, "[]", "", ""),
        (403, "<!doctype html>", "", ""),
        (
            400,
            f'{{"error": "{"e" * 999}", "message": "{"m" * 999}"}}',
            "e" * MAX_NAME,
            "m" * MAX_MESSAGE,
        ),
    ],
)
async def test_failures(status: int, body: str, error: str, message: str) -> None:
    """A refusal is told by its name, if the server gave one of a sane form; texts are cut."""
    path = f"/xrpc/{NSID}"
    answer = Answer(body, status).reply
    async with (
        web_server([web.get(path, answer), web.post(path, answer)]) as url,
        Client(allow_private=True) as http,
    ):
        for call in (query(http, url, NSID), procedure(http, url, NSID, {})):
            with pytest.raises(XrpcFailure) as raised:
                await call
            failed = raised.value
            assert (failed.status, failed.error, failed.message) == (status, error, message)


async def test_answers_that_are_none() -> None:
    """Trouble of the server, and answers that are no object, are errors of HTTP."""
    routes = [
        web.get("/down/xrpc/" + NSID, Answer('{"error": "UpstreamFailure"}', 502).reply),
        web.get("/html/xrpc/" + NSID, Answer("<!doctype html>").reply),
        web.get("/list/xrpc/" + NSID, Answer("[]").reply),
        web.get("/long/xrpc/" + NSID, Answer(" " * 999 + "{}").reply),
    ]
    expected = {
        "down": HttpUnavailable,
        "html": HttpMalformed,
        "list": HttpMalformed,
        "long": HttpTooLarge,
    }
    async with web_server(routes) as url, Client(allow_private=True) as http:
        for name, error in expected.items():
            with pytest.raises(error):
                await query(http, f"{url}/{name}", NSID, limit=500)
