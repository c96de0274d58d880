"""PDSes that are slow, gone, elsewhere or wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from appview.blobs import upstream
from appview.blobs.upstream import GRACE, MIN_RATE
from atp.cid import Cid
from atp.runtime.http import HttpUnavailable
from tests.appview.blobs.serving import (
    BODY,
    DID,
    Gate,
    Service,
    honest,
    lives,
    service,
)
from tests.atp.runtime.foreign_server import answers, tcp_server

RANDOM_RANGES = 60


async def test_too_large(serving: Service) -> None:
    """A picture larger than pictures are is not fetched."""
    body = bytes(10_485_761)
    cid = serving.publish(body, "image/png")
    assert (await serving.get(cid)).status == 502
    await serving.ended("too_large")


async def test_a_claim_that_is_too_large(serving: Service) -> None:
    """Where the PDS tells no size, the record's own word is not taken for more than a limit."""
    serving.pds.behaviour = Gate(told=False)
    cid = Cid.for_raw(BODY)
    serving.pds.files[str(cid)] = BODY
    serving.refer(cid, 2**62)
    assert (await serving.get(cid)).status == 502
    await serving.ended("too_large")


async def test_a_host_that_stalls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up, and nobody waits for ever."""
    monkeypatch.setattr("atp.runtime.http.READ_TIMEOUT", 0.3)
    async with service(tmp_path) as serving:
        cid = serving.publish(BODY)
        assert await serving.broken(cid) == BODY[:1_000]
        assert (await serving.get(cid)).status == 502
        await serving.ended("unavailable", 2)


@pytest.mark.parametrize(
    ("status", "told", "outcome"),
    [
        (400, 404, "absent"),
        (404, 404, "absent"),
        (403, 502, "unavailable"),
        (500, 502, "unavailable"),
    ],
)
async def test_what_a_pds_says(serving: Service, status: int, told: int, outcome: str) -> None:
    """It does not have the file, or it does not say."""

    async def refuse(_request: web.Request, _body: bytes) -> web.StreamResponse:
        return web.Response(status=status)

    serving.pds.behaviour = refuse
    answer = await serving.get(serving.publish(BODY))
    assert answer.status == told
    assert answer.headers["cache-control"] == "no-store"
    await serving.ended(outcome)


@pytest.mark.parametrize(
    "head", [b"garbage\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99_999]
)
async def test_a_server_that_speaks_no_http(serving: Service, head: bytes) -> None:
    """Whatever it says, it is an upstream that fails."""
    async with tcp_server(answers(head)) as port:
        lives(serving.plc, DID, f"http://127.0.0.1:{port}")
        assert (await serving.get(serving.publish(BODY))).status == 502


async def test_an_account_that_has_moved(serving: Service) -> None:
    """Its new PDS is asked when the old one does not have the file."""
    cid = serving.publish(BODY)
    async with tcp_server(answers(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n")) as port:
        lives(serving.plc, DID, f"http://127.0.0.1:{port}")
        await serving.network.directory.doc(DID)
        lives(serving.plc, DID, serving.pds.url)
        assert (await serving.get(cid)).body == BODY


async def test_redirects_are_vetted(serving: Service) -> None:
    """A PDS may keep files elsewhere, yet not lead us where nobody from outside may go."""
    cid = serving.publish(BODY)

    async def elsewhere(request: web.Request, body: bytes) -> web.StreamResponse:
        if "again" in request.query:
            return web.Response(body=body)
        raise web.HTTPFound(f"{request.path_qs}&again=1")

    async def inside(_request: web.Request, _body: bytes) -> web.StreamResponse:
        raise web.HTTPFound("http://169.254.169.254/latest/meta-data/")

    serving.pds.behaviour = elsewhere
    assert (await serving.get(cid)).body == BODY
    serving.cache.forget(cid)
    serving.pds.behaviour = inside
    assert (await serving.get(cid)).status == 502


async def test_private_hosts_are_not_asked(tmp_path: Path) -> None:
    """A DID document does not lead into the operator's own network."""
    async with service(tmp_path, allow_private_hosts=False) as serving:
        cid = serving.publish(BODY)
        assert (await serving.get(cid)).status == 502
        assert serving.pds.asked == []


async def test_a_host_that_does_not_answer_rests(tmp_path: Path) -> None:
    """A page full of pictures from a dead host costs one try, and a while later another."""
    seconds = [0.0]
    async with service(tmp_path, clock=lambda: seconds[0]) as serving:

        async def tired(_request: web.Request, _body: bytes) -> web.StreamResponse:
            return web.Response(status=503)

        serving.pds.behaviour = tired
        files = [serving.publish(bytes([number]), "image/png") for number in range(9)]
        for cid in files:
            assert (await serving.get(cid)).status == 502
        assert len(serving.pds.asked) == 1
        serving.pds.behaviour = honest
        seconds[0] = 11.0
        for cid in files:
            assert (await serving.get(cid)).status == 200


async def taken(pieces: Sequence[tuple[float, int]]) -> int:
    """How many bytes of pieces that come at these times are taken."""
    now = [0.0]

    async def arriving() -> AsyncIterator[bytes]:
        for at, size in pieces:
            now[0] = at
            yield bytes(size)

    stream: Any = arriving()
    paced = upstream._paced("https://pds.test/x", stream, lambda: now[0])
    return sum([len(piece) async for piece in paced])


async def test_a_slow_host_is_left() -> None:
    """After a while a file has to come fast enough on the whole; before, it may dawdle."""
    start = (0.0, 1)
    assert await taken([start, (GRACE, 1), (GRACE, 1)]) == 3
    enough = int(2 * GRACE * MIN_RATE) + 1
    assert await taken([start, (GRACE, enough), (2 * GRACE, 1)]) == enough + 2
    with pytest.raises(HttpUnavailable, match="too slow"):
        await taken([start, (2 * GRACE, 100), (2 * GRACE, 100)])
