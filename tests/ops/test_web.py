"""The web process as its callers meet it: who they are, what they may send, how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from openapi_spec_validator import validate

from atp.jwt import sign
from atp.keys import Curve, PrivateKey
from atp.runtime.xrpc import MAX_QUERY
from lexicons.names import Names
from ops.gate import MAX_CALLS
from tests.e2e.plyr import Running, running

STATS = Names().query("server.getStats")
KEY = PrivateKey.from_bytes(Curve.K256, b"\x01" * 32)
FROM_AFAR = {"X-Forwarded-For": "203.0.113.7"}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Running]:
    """`plyr serve` over nothing."""
    with serving(tmp_path, "http://127.0.0.1:1") as started:
        yield started


def serving(folder: Path, plc: str) -> Any:
    """`plyr serve` without a stream, that asks ``plc`` who is who."""
    return running(
        "serve",
        f"--data-dir={folder}",
        "--relays=ws://127.0.0.1:1",
        f"--plc-url={plc}",
        "--listen=127.0.0.1:0",
        "--allow-private-hosts",
    )


def token(served: Running, **claims: Any) -> dict[str, str]:
    """The header with a token of somebody, for this service."""
    fields = {
        "iss": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa",
        "aud": f"{served.said['serviceDid']}#plyr_appview",
        "exp": int(time.time()) + 60,
        "lxm": STATS,
        **claims,
    }
    return {"Authorization": f"Bearer {sign(fields, KEY)}"}


async def asked(
    served: Running, path: str, **headers: str
) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    """Status, JSON body and headers."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{served.said['appview']}{path}", headers=headers) as answer,
    ):
        return answer.status, await answer.json(), answer.headers


async def test_what_every_caller_finds(serve: Running) -> None:
    """Documents about the service, allowances by caller, refusals by name, and bounds."""
    status, document, _ = await asked(serve, "/openapi.json")
    assert status == 200
    validate(document)
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{serve.said['appview']}/docs") as page,
    ):
        text = await page.text()
    assert all(method.removeprefix("/xrpc/") in text for method in document["paths"])
    _, did, _ = await asked(serve, "/.well-known/did.json")
    assert did["service"][0]["id"].endswith("#plyr_appview")

    path = f"/xrpc/{STATS}"
    _, _, ours = await asked(serve, path)
    assert "ratelimit-limit" not in ours
    for left in (1, 2):
        _, _, told = await asked(serve, path, **FROM_AFAR)
        assert told["ratelimit-remaining"] == str(MAX_CALLS - left)

    wrong: dict[str, dict[str, object]] = {
        "BadJwtAudience": {"aud": "did:web:elsewhere.test"},
        "BadJwtLexiconMethod": {"lxm": "fm.plyr.feed.getTrack"},
        "JwtExpired": {"exp": 1_000_000_000},
    }
    for name, claims in wrong.items():
        status, body, _ = await asked(serve, path, **token(serve, **claims))
        assert (status, body["error"]) == (401, name)
    # Both names of this service will do, so what is missing is who the caller may be.
    for audience in (serve.said["serviceDid"], f"{serve.said['serviceDid']}#plyr_appview"):
        status, body, _ = await asked(serve, path, **token(serve, aud=audience))
        assert (status, body["error"]) == (502, "UpstreamFailure")

    status, body, _ = await asked(serve, f"{path}?q={'a' * MAX_QUERY}")
    assert (status, body["error"]) == (414, "InvalidRequest")


async def test_a_request_under_way_at_the_end_is_answered(tmp_path: Path) -> None:
    """SIGTERM ends the listener, not the calls that it has taken."""
    came, end = asyncio.Event(), asyncio.Event()

    async def directory(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        came.set()
        await end.wait()
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(directory, "127.0.0.1", 0) as server:
        plc = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with serving(tmp_path, plc) as served:
            call = asyncio.create_task(asked(served, f"/xrpc/{STATS}", **token(served)))
            await came.wait()
            os.killpg(served.process.pid, signal.SIGTERM)
            await closed(served.said["appview"])
            assert not call.done()
            end.set()
            status, body, _ = await call
            assert (status, body["error"]) == (401, "BadJwtIss")
            assert await asyncio.to_thread(served.process.wait, 12) == 0


async def closed(url: str) -> None:
    """Wait until nothing listens there any more."""
    port = int(url.rpartition(":")[2])
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                return
            writer.close()
            await asyncio.sleep(0.02)
