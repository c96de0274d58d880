"""Whatever PDSes and callers do: right bytes or none, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from random import Random

import aiohttp
import pytest
from aiohttp import web

from atp.cid import Cid
from tests.appview.blobs.serving import Service, service

CALLERS = 25
CALLS = 12
FILES = 8


def descriptors() -> int:
    """How many files and sockets this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


async def call(serving: Service, random: Random, cid: Cid, body: bytes) -> None:
    """Ask for a file or a part of it; leave early at times. What comes must be right."""
    first = random.randrange(len(body))
    headers = {"Range": f"bytes={first}-"} if random.random() < 0.5 else {}
    expected = body[first:] if headers else body
    got = b""
    try:
        async with serving.http.get(serving.at(cid), headers=headers) as answer:
            if answer.status not in (200, 206):
                assert answer.status in (404, 502, 503)
                return
            async for piece in answer.content.iter_any():
                got += piece
                if random.random() < 0.02:
                    return
        assert got == expected
    except aiohttp.ClientError:
        assert len(got) < len(expected)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Complete answers are right; the books agree with the disk; nothing stays open."""
    monkeypatch.setattr("atp.runtime.http.READ_TIMEOUT", 0.3)
    random = Random(seed)
    seconds = [0.0]

    async def moody(request: web.Request, body: bytes) -> web.StreamResponse:
        mood = random.choice(("well", "well", "well", "wrong", "short", "broken", "none"))
        if mood == "none":
            return web.Response(status=random.choice((400, 500, 503)))
        if mood == "wrong":
            place = random.randrange(len(body))
            body = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        answer = web.StreamResponse()
        if random.random() < 0.8:
            answer.content_length = len(body)
        await answer.prepare(request)
        end = len(body) if mood in ("well", "wrong") else random.randrange(len(body))
        for start in range(0, end, 40_000):
            await answer.write(body[start : min(start + 40_000, end)])
            await asyncio.sleep(random.random() * 0.004)
        if mood == "broken" and request.transport is not None:
            request.transport.abort()
        return answer

    async with service(tmp_path, limit=900_000, clock=lambda: seconds[0]) as serving:
        before = descriptors()
        serving.pds.behaviour = moody
        bodies = [random.randbytes(random.randrange(1, 300_000)) for _ in range(FILES)]
        files = {serving.publish(body): body for body in bodies}

        async def caller(own: Random) -> None:
            for _ in range(CALLS):
                cid, body = own.choice(list(files.items()))
                await call(serving, own, cid, body)
                seconds[0] += 3.0

        await asyncio.gather(*(caller(Random(f"{seed} {number}")) for number in range(CALLERS)))
        await serving.until(lambda: not serving.flights._flights)
        kept = {path.name: path.read_bytes() for path in serving.cache.folder.iterdir()}
        assert {name: Cid.for_raw(body) for name, body in kept.items()} == {
            str(cid): cid for cid in serving.cache.files()
        }
        assert serving.cache.size == sum(map(len, kept.values())) <= 900_000
        assert serving.count("kept") > 0
        connector = serving.http.connector
        assert connector is not None
        await connector.close()
        session = serving.network.http._session.connector
        assert session is not None
        await session.close()
        await serving.until(lambda: descriptors() <= before)
