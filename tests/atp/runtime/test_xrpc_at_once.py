"""The XRPC router: what is waited for has a time limit, what is not is answered all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from atp.runtime.asgi import Headers, Request, Response
from atp.runtime.xrpc import Endpoint, Router, XrpcError
from atp.syntax import Nsid
from tests.atp.runtime.asgi_call import call
from tests.atp.runtime.test_xrpc import ENDPOINTS, JSON, PAGES, EchoMethod, error


async def test_who_waits_for_nothing_answers_at_once() -> None:
    """A handler or a gate may give what it has itself; errors and headers are the same."""

    def at_once(params: Mapping[str, object], request: Request) -> Response:
        if request.query:
            raise XrpcError(400, "RecordNotFound", "No such track")
        return Response(b"{}")

    def admit(request: Request, method: Nsid) -> tuple[Request, Headers]:
        return request, ((b"ratelimit-limit", b"3000"),)

    endpoint = Endpoint(EchoMethod(Nsid.parse("com.example.atOnce")), at_once)
    router = Router([endpoint], {}, lambda _name, _outcome: None, admit=admit)
    answers = [
        await call(router, "/xrpc/com.example.atOnce", query) for query in (b"", b"a=1", b"bad=1")
    ]
    assert answers[0].status == 200
    assert answers[0].headers["cache-control"] == "public, no-cache"
    assert [error(answer)[1] for answer in answers[1:]] == ["RecordNotFound", "InvalidRequest"]
    assert {answer.headers["ratelimit-limit"] for answer in answers} == {"3000"}


async def test_who_is_not_admitted_in_time_is_told_so() -> None:
    """The time limit is on all that is waited for."""

    async def admit(request: Request, method: Nsid) -> tuple[Request, Headers]:
        await asyncio.Event().wait()
        return request, ()

    async def never() -> dict[str, object]:
        return await asyncio.Future()

    router = Router(ENDPOINTS, PAGES, lambda _name, _outcome: None, admit=admit, time_limit=0.05)
    answer = await call(router, "/xrpc/com.example.echo")
    assert error(answer) == (503, "NotEnoughResources")
    router = Router(ENDPOINTS, PAGES, lambda _name, _outcome: None, time_limit=0.05)
    json = {b"content-type": JSON}
    answer = await call(router, "/xrpc/com.example.send", verb="POST", headers=json, receive=never)
    assert error(answer) == (503, "NotEnoughResources")
