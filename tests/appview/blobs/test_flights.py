"""Files on their way: fetched once, read as they come, checked before they end."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web

from tests.appview.blobs.serving import (
    BODY,
    OTHER,
    Gate,
    Service,
    honest,
    lives,
    service,
)
from tests.appview.blobs.test_cache import small_disk
from tests.atp.runtime.foreign_server import answers, tcp_server

RANDOM_RANGES = 60


async def test_bytes_come_before_the_end(tmp_path: Path) -> None:
    """What has arrived is sent at once, ranges too; the last byte comes when all is checked."""
    async with service(tmp_path) as serving:
        gate = serving.pds.behaviour = Gate()
        cid = serving.publish(BODY)
        gate.passed.put_nowait(100_000)
        async with serving.http.get(serving.at(cid)) as whole:
            assert whole.headers["Content-Length"] == str(len(BODY))
            assert await whole.content.readexactly(100_000) == BODY[:100_000]
            part = await serving.get(cid, Range="bytes=5-99999")
            assert (part.status, part.body) == (206, BODY[5:100_000])
            assert part.headers["cache-control"] == "no-store"
            end = asyncio.create_task(serving.get(cid, Range="bytes=-1"))
            gate.passed.put_nowait(200_000)
            assert await whole.content.readexactly(200_000) == BODY[100_000:300_000]
            assert not end.done()
            gate.passed.put_nowait(1)
            assert await whole.content.read() == BODY[300_000:]
        assert (await end).body == BODY[-1:]
        assert len(serving.pds.asked) == 1


async def test_a_hundred_readers_are_one_request(tmp_path: Path) -> None:
    """However many ask at the same time, from wherever in the file."""
    async with service(tmp_path) as serving:
        gate = serving.pds.behaviour = Gate()
        cid = serving.publish(BODY)
        asked = [
            asyncio.create_task(serving.get(cid, Range=f"bytes={number * 3_000}-"))
            for number in range(100)
        ]
        await serving.until(lambda: len(serving.pds.asked) == 1)
        for _ in range(301):
            gate.passed.put_nowait(1_000)
        for number, answer in enumerate(await asyncio.gather(*asked)):
            assert answer.body == BODY[number * 3_000 :]
        assert serving.pds.asked == [str(cid)]


async def test_wrong_bytes_break_the_connection_and_leave_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody gets them to their end, nothing is kept, no header said that it may be."""
    seconds = [0.0]
    async with service(tmp_path, clock=lambda: seconds[0]) as serving:
        cid = serving.publish(BODY)
        serving.pds.files[str(cid)] = BODY[:-1] + b"?"
        assert BODY.startswith(await serving.broken(cid, len(BODY)))
        await serving.ended("mismatch")
        assert list((tmp_path / "blobs").iterdir()) == []
        assert serving.cache.size == 0
        again = await serving.get(cid)
        assert (again.status, json.loads(again.body)["error"]) == (502, "UpstreamFailure")
        assert caplog.records == [], "what others do wrong is no error of ours"
        assert len(serving.pds.asked) == 1, "not asked for at once"
        serving.pds.behaviour = honest
        serving.pds.files[str(cid)] = BODY
        seconds[0] = 61.0
        assert (await serving.get(cid)).body == BODY


async def test_the_same_bytes_of_two_accounts_are_one_file(serving: Service) -> None:
    """A checked file is the same whoever has it."""
    cid = await serving.kept(BODY)
    serving.refer(cid, len(BODY), "audio/wav", OTHER)
    async with serving.http.get(serving.at(cid, OTHER)) as answer:
        assert await answer.read() == BODY
        assert answer.headers["Content-Type"] == "audio/wav"
    assert len(serving.pds.asked) == 1


async def test_one_that_lies_does_not_spoil_another(serving: Service) -> None:
    """What one account's PDS sends says nothing about another's."""
    cid = serving.publish(BODY)
    async with tcp_server(
        answers(b"HTTP/1.1 200 OK\r\nContent-Length: 300001\r\n\r\n" + bytes(300_001))
    ) as port:
        lives(serving.plc, OTHER, f"http://127.0.0.1:{port}")
        serving.refer(cid, len(BODY), did=OTHER)
        lied = asyncio.create_task(serving.http.get(serving.at(cid, OTHER)))
        assert (await serving.get(cid)).body == BODY
        (await lied).close()


async def test_who_leaves_does_not_end_it_for_others(tmp_path: Path) -> None:
    """A fetch goes on for those who wait, whoever came first."""
    async with service(tmp_path) as serving:
        gate = serving.pds.behaviour = Gate()
        gate.passed.put_nowait(1_000)
        cid = serving.publish(BODY)
        first = await serving.http.get(serving.at(cid))
        second = asyncio.create_task(serving.get(cid))
        await first.content.readexactly(1_000)
        first.close()
        await serving.ended("left")
        await asyncio.sleep(0.1)
        gate.passed.put_nowait(len(BODY))
        assert (await second).body == BODY
        assert len(serving.pds.asked) == 1


async def test_a_fetch_that_nobody_waits_for_is_given_up(tmp_path: Path) -> None:
    """Its PDS is let go, and nothing is left."""
    async with service(tmp_path) as serving:
        gate = serving.pds.behaviour = Gate()
        cid = serving.publish(BODY)
        gate.passed.put_nowait(1_000)
        async with serving.http.get(serving.at(cid)) as answer:
            await answer.content.readexactly(1_000)
        await serving.until(lambda: not serving.flights._flights)
        assert list((tmp_path / "blobs").iterdir()) == []
        gate = serving.pds.behaviour = Gate()
        gate.passed.put_nowait(len(BODY))
        assert (await serving.get(cid)).body == BODY


async def test_a_fetch_that_is_nearly_done_goes_on(tmp_path: Path) -> None:
    """Most of it is here: the next listener has it at once."""
    async with service(tmp_path) as serving:
        gate = serving.pds.behaviour = Gate()
        cid = serving.publish(BODY)
        gate.passed.put_nowait(200_000)
        async with serving.http.get(serving.at(cid)) as answer:
            await answer.content.readexactly(200_000)
        await serving.ended("left")
        await asyncio.sleep(0.2)
        gate.passed.put_nowait(200_000)
        await serving.until(lambda: cid in serving.cache.files())
        assert len(serving.pds.asked) == 1


async def test_a_longer_body_than_promised_is_wrong(tmp_path: Path) -> None:
    """Where the PDS tells no size the record's counts, and an endless body ends there."""
    async with service(tmp_path) as serving:

        async def endless(request: web.Request, body: bytes) -> web.StreamResponse:
            answer = web.StreamResponse()
            await answer.prepare(request)
            while True:
                await answer.write(body)

        serving.pds.behaviour = endless
        assert (await serving.get(serving.publish(BODY))).status == 502
        await serving.ended("mismatch")
        assert list((tmp_path / "blobs").iterdir()) == []


async def test_an_untold_size_is_the_records(tmp_path: Path) -> None:
    """A body in chunks is answered with the size that the record claims."""
    async with service(tmp_path) as serving:
        gate = serving.pds.behaviour = Gate(told=False)
        gate.passed.put_nowait(len(BODY))
        cid = serving.publish(BODY)
        answer = await serving.get(cid, Range="bytes=-5")
        assert answer.headers["content-range"] == "bytes 299996-300000/300001"
        assert answer.body == BODY[-5:]


async def test_a_full_disk(tmp_path: Path) -> None:
    """It is told before a byte is sent, and the service goes on."""
    async with service(tmp_path) as serving:
        body = bytes(5_000_000)
        cid = serving.publish(body)
        with small_disk(4_000_000):
            answer = await serving.get(cid)
        assert (answer.status, json.loads(answer.body)["error"]) == (507, "InsufficientStorage")
        await serving.ended("no_space")
        assert list((tmp_path / "blobs").iterdir()) == []
        assert (await serving.get(cid)).body == body


async def test_more_than_the_cache_holds(tmp_path: Path) -> None:
    """The first of two files that do not fit together keeps its place."""
    async with service(tmp_path, limit=len(BODY) + 100) as serving:
        gate = serving.pds.behaviour = Gate()
        gate.passed.put_nowait(1_000)
        one, other = serving.publish(BODY), serving.publish(BODY[::-1])
        async with serving.http.get(serving.at(one)) as answer:
            refused = await serving.get(other)
            assert refused.status == 503
            assert refused.headers["retry-after"] == "10"
            gate.passed.put_nowait(len(BODY))
            assert await answer.read() == BODY
        serving.pds.behaviour = honest
        assert (await serving.get(other)).body == BODY[::-1]
        await serving.until(lambda: serving.cache.files() == [other])


async def test_a_host_that_breaks_off(tmp_path: Path) -> None:
    """Readers are cut off, and it is asked again when they come back."""
    seconds = [0.0]
    async with service(tmp_path, clock=lambda: seconds[0]) as serving:
        cid = serving.publish(BODY)
        assert BODY.startswith(await serving.broken(cid, 500, -1))
        assert list((tmp_path / "blobs").iterdir()) == []
        seconds[0] = 11.0
        serving.pds.behaviour = honest
        assert (await serving.get(cid)).body == BODY
        assert len(serving.pds.asked) == 2
