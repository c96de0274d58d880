"""The checklist of what labelers got wrong, a line a test: streams, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from atp.runtime.lock import LockHeld
from labeler.service import LabelerConfig, opened
from labeler.stream import PATH
from ops.bench.labels_readers import Reader
from tests.labeler.making import KEY, NOW, SRC, Clock
from tests.labeler.served import CATALOG, PATIENCE, Served, reading, served, tracks, until

ACCOUNT = "did:plc:44ybard66vv44zksje25o7dz"
TRACK = f"at://{ACCOUNT}/fm.plyr.track/3lgwdn7vd722r"
HOUR = 3_600_000_000


async def test_stream_header_before_body(it: Served) -> None:
    """``{op, t}`` and then the labels, in one binary message."""
    one = await it.say(ACCOUNT)
    async with reading(it.port, 0) as reader:
        header, body = await reader.raw()
    assert header == {"op": 1, "t": "#labels"}
    assert body == {"seq": one.seq, "labels": [one.label.fields()]}


async def test_stream_without_cursor(it: Served) -> None:
    """Only what comes."""
    await it.say(ACCOUNT)
    async with reading(it.port) as reader:
        two = await it.say(TRACK)
        assert (await reader.label())[0] == two.seq


async def test_stream_from_zero(it: Served) -> None:
    """Everything, not the last thousand."""
    given = await it.give(*tracks(1_500))
    async with reading(it.port, 0) as reader:
        assert [seq for seq, _ in await reader.labels(1_500)] == [one.seq for one in given]


async def test_stream_from_the_middle(it: Served) -> None:
    """What is after the cursor, which was seen."""
    given = await it.give(*tracks(4))
    async with reading(it.port, given[1].seq) as reader:
        assert [seq for seq, _ in await reader.labels(2)] == [one.seq for one in given[2:]]


async def test_stream_from_the_head(it: Served) -> None:
    """Nothing, until something is given."""
    one = await it.say(ACCOUNT)
    async with reading(it.port, one.seq) as reader:
        two = await it.say(ACCOUNT)
        assert (await reader.label())[0] == two.seq


async def test_stream_from_the_future(it: Served) -> None:
    """``FutureCursor`` in an error frame, and the end."""
    one = await it.say(ACCOUNT)
    async with reading(it.port, one.seq + 1) as reader:
        header, body = await reader.raw()
        assert header == {"op": -1}
        assert body["error"] == "FutureCursor"
        assert (await reader.socket.receive(PATIENCE)).type is aiohttp.WSMsgType.CLOSE


async def test_stream_from_garbage(it: Served) -> None:
    """Refused before the upgrade, and not taken for 0."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with reading(it.port, "garbage"):
            pass
    assert refused.value.status == 400


async def test_stream_commit_during_backfill(it: Served) -> None:
    """What is committed while old labels are sent comes after them, once."""
    given = [one.seq for one in await it.give(*tracks(2_000))]
    async with reading(it.port, 0) as reader:
        seen = [seq for seq, _ in await reader.labels(100)]
        given += [one.seq for one in await it.give(*tracks(300, "sexual"))]
        seen += [seq for seq, _ in await reader.labels(2_200)]
    assert seen == given


async def test_stream_commit_during_cutover(it: Served) -> None:
    """Labels given one by one while readers arrive at the head: none is lost, none comes twice."""
    given = [one.seq for one in await it.give(*tracks(300))]

    async def read(cursor: int) -> list[int]:
        seen = []
        async with reading(it.port, cursor) as reader:
            while True:
                seq, label = await reader.label()
                seen.append(seq)
                if label.uri == ACCOUNT:
                    return seen

    readers = []
    for number in range(120):
        if number % 4 == 0:
            readers.append((given[-1], asyncio.create_task(read(given[-1]))))
        given.append((await it.say(TRACK)).seq)
    given.append((await it.say(ACCOUNT)).seq)
    for cursor, task in readers:
        assert await task == [seq for seq in given if seq > cursor]


async def test_stream_two_writers(it: Served, folder: Path) -> None:
    """Two at once in one process are put in an order; a second process is refused."""
    async with reading(it.port) as reader:
        both = await asyncio.gather(*(it.give(*tracks(50, val)) for val in ("spam", "sexual")))
        seen = [seq for seq, _ in await reader.labels(100)]
    assert seen == sorted(one.seq for given in both for one in given)
    with pytest.raises(LockHeld):
        async with opened(LabelerConfig(folder, SRC, KEY), CATALOG, Clock()):
            pass


async def test_stream_restart(folder: Path) -> None:
    """With the last it saw a reader goes on after a restart; numbers never start again."""
    async with served(folder) as first:
        given = await first.give(*tracks(3))
        async with reading(first.port, 0) as reader:
            last, _ = (await reader.labels(2))[-1]
    earlier = Clock(NOW - HOUR)
    async with served(folder, clock=earlier) as second:
        more = await second.say(ACCOUNT)
        async with reading(second.port, last) as reader:
            assert [seq for seq, _ in await reader.labels(2)] == [given[2].seq, more.seq]


async def test_stream_slow_reader_holds_up_nobody(it: Served) -> None:
    """One does not read; the others do, and it finds everything when it reads again."""
    async with reading(it.port) as slow, reading(it.port) as quick:
        given = [one.seq for one in await it.give(*tracks(3_000))]
        assert [seq for seq, _ in await quick.labels(3_000)] == given
        assert [seq for seq, _ in await slow.labels(3_000)] == given


async def test_stream_a_thousand_readers(it: Served) -> None:
    """All of them get every label."""
    loop = asyncio.get_running_loop()
    readers: list[Reader] = []
    transports = []
    for _ in range(1_000):
        transport, reader = await loop.create_connection(lambda: Reader(""), "127.0.0.1", it.port)
        transports.append(transport)
        readers.append(reader)
    await asyncio.gather(*(reader.open for reader in readers))
    assert it.stream.subscribers == 1_000
    given = [await it.say(TRACK) for _ in range(5)]
    await until(lambda: all(reader.messages >= 5 for reader in readers))
    assert {(reader.messages, reader.seq()) for reader in readers} == {(5, given[-1].seq)}
    for transport in transports:
        transport.close()
    await until(lambda: it.stream.subscribers == 0)


async def test_stream_half_open_sockets(folder: Path) -> None:
    """Who does not answer a ping is gone after a while; who does may be silent for ever."""
    async with served(folder, ws_ping_interval=0.1, ws_ping_timeout=0.3) as it:
        async with reading(it.port) as alive:
            with socket.create_connection(("127.0.0.1", it.port)) as dead:
                dead.sendall(
                    f"GET {PATH} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
                )
                await until(lambda: it.stream.subscribers == 2)
                listening = asyncio.create_task(alive.label())  # which answers pings
                await until(lambda: it.stream.subscribers == 1)
            await asyncio.sleep(0.5)
            one = await it.say(ACCOUNT)
            assert await listening == (one.seq, one.label)


async def test_stream_text_from_the_client_is_ignored(it: Served) -> None:
    """Neither text nor bytes mean anything; too much of it ends the connection."""
    async with reading(it.port) as reader:
        await reader.socket.send_str('{"cursor": 0}')
        await reader.socket.send_bytes(b"\0" * 100)
        one = await it.say(ACCOUNT)
        assert await reader.label() == (one.seq, one.label)
        await reader.socket.send_str("x" * 5_000)
        got = await reader.socket.receive(PATIENCE)
        assert (got.type, got.data) == (aiohttp.WSMsgType.CLOSE, 1009)


async def test_stream_close_codes(folder: Path) -> None:
    """1008 after an error frame, 1012 when the service ends."""
    async with aiohttp.ClientSession() as http:
        async with served(folder) as it:
            async with reading(it.port, 1) as reader:
                assert await reader.end() == ("FutureCursor", 1008)
            live = await http.ws_connect(f"ws://127.0.0.1:{it.port}{PATH}")
        assert (await live.receive(PATIENCE)).data == 1012


async def test_stream_proxies_are_told_not_to_buffer(it: Served) -> None:
    """The answer to the upgrade says so."""
    async with reading(it.port) as reader:
        assert reader.socket._response.headers["X-Accel-Buffering"] == "no"


@pytest.mark.parametrize("compress", [0, 15])
async def test_stream_permessage_deflate(it: Served, compress: int) -> None:
    """Clients who offer it and clients who do not read the same plain messages."""
    async with reading(it.port, compress=compress) as reader:
        assert reader.socket.compress == 0
        one = await it.say(ACCOUNT)
        assert await reader.label() == (one.seq, one.label)


async def test_stream_is_read_by_the_sdk(it: Served) -> None:
    """A client of another make reads frames, fields and signatures."""
    from atproto_firehose import (  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import
        AsyncFirehoseSubscribeLabelsClient,
        parse_subscribe_labels_message,
    )

    given = await it.give(*tracks(3))
    client = AsyncFirehoseSubscribeLabelsClient(
        params={"cursor": given[0].seq}, base_uri=f"ws://127.0.0.1:{it.port}/xrpc"
    )
    seen: list[tuple[int, str, bytes]] = []

    async def take(frame: Any) -> None:
        message = parse_subscribe_labels_message(frame)
        seen.extend((message.seq, label.uri, label.sig) for label in message.labels)
        if len(seen) == 3:
            await client.stop()

    running = asyncio.create_task(client.start(take))
    await until(lambda: len(seen) == 2)
    given.append(await it.say(ACCOUNT))
    await asyncio.wait_for(running, PATIENCE)
    assert seen == [(one.seq, one.label.uri, one.label.sig) for one in given[1:]]
