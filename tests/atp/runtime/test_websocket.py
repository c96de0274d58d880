"""Subscriptions against real servers on loopback, honest and hostile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from atp.runtime.guard import Guard
from atp.runtime.websocket import MAX_MESSAGE, Ended, Ending, Subscription, backoff
from tests.atp.runtime.foreign_server import Handler, frame, sends, tcp_server, upgrade

LOCAL = Guard(allow_private=True)
BYE = frame((1000).to_bytes(2, "big") + b"bye", 8)
GOODBYE = Ended(Ending.CLOSED, 1000, "bye")


async def received_from(handler: Handler) -> tuple[list[bytes], Ended]:
    """What a subscription to ``handler`` gets, and how it ends."""
    frames: list[bytes] = []
    async with tcp_server(handler) as port:
        ended = await Subscription(f"ws://127.0.0.1:{port}/", frames.append, guard=LOCAL).run()
    return frames, ended


async def read_ping(reader: asyncio.StreamReader) -> None:
    """Take a ping from the client; anything else ends the connection."""
    if (await reader.readexactly(6))[0] & 0x0F != 9:
        raise ConnectionError


async def test_whole_messages_arrive_in_order_until_the_server_closes() -> None:
    """Every binary message comes once, whole and in order; the CLOSE's code and reason come out."""
    sizes = (0, 1, 125, 126, 127, 4_000, 65_535, 65_536, 1_000_000, MAX_MESSAGE)
    messages = [bytes([n]) * size for n, size in enumerate(sizes)]
    frames, ended = await received_from(sends([*map(frame, messages), BYE]))
    assert frames == messages
    assert ended == GOODBYE


@settings(max_examples=25, deadline=None)
@given(
    messages=st.lists(st.lists(st.binary(max_size=300), min_size=1, max_size=4), max_size=6),
    chunk=st.integers(1, 64),
)
def test_fragments_are_put_together(messages: list[list[bytes]], chunk: int) -> None:
    """However messages are cut into fragments, pings between and TCP segments: they arrive whole."""
    stream = b""
    for parts in messages:
        for n, part in enumerate(parts):
            stream += frame(part, 2 if n == 0 else 0, fin=n == len(parts) - 1)
            stream += frame(b"still there?", 9)
    stream += BYE
    pieces = [stream[i : i + chunk] for i in range(0, len(stream), chunk)]
    frames, ended = asyncio.run(received_from(sends(pieces)))
    assert frames == [b"".join(parts) for parts in messages]
    assert ended == GOODBYE


@pytest.mark.parametrize(
    ("bad", "why", "code"),
    [
        pytest.param(frame(b"{}", 1), Ending.VIOLATION, 1003, id="text message"),
        pytest.param(frame(b"x", 0), Ending.VIOLATION, 1002, id="continuation of nothing"),
        pytest.param(
            frame(b"x", 2, fin=False) + frame(b"y"), Ending.VIOLATION, 1002, id="message in message"
        ),
        pytest.param(
            frame(b"x", 2, fin=False) + frame(b"y", 2, fin=False),
            Ending.VIOLATION,
            1002,
            id="fragment in message",
        ),
        pytest.param(frame(b"x", 3), Ending.VIOLATION, 1002, id="reserved opcode"),
        pytest.param(b"\x82\x81abcdx", Ending.VIOLATION, 1002, id="masked"),
        pytest.param(frame(b"x", 9, fin=False), Ending.VIOLATION, 1002, id="ping in fragments"),
        pytest.param(b"\x82\xff" + b"\xff" * 8, Ending.VIOLATION, 1002, id="negative length"),
        pytest.param(frame(b"\x03", 8), Ending.VIOLATION, 1002, id="half a close code"),
        pytest.param(frame(bytes(MAX_MESSAGE + 1)), Ending.TOO_BIG, 1009, id="one byte too many"),
        pytest.param(
            b"\x82\x7f" + (1 << 62).to_bytes(8, "big"), Ending.TOO_BIG, 1009, id="announced size"
        ),
        pytest.param(
            frame(bytes(MAX_MESSAGE), fin=False) + frame(b"x", 0),
            Ending.TOO_BIG,
            1009,
            id="fragments too long together",
        ),
    ],
)
async def test_violations_end_the_connection(bad: bytes, why: Ending, code: int) -> None:
    """What breaks the protocol is never delivered, nor is anything after it, and says what it was."""
    frames, ended = await received_from(sends([frame(b"good"), bad + frame(b"late") * 100, BYE]))
    assert frames == [b"good"]
    assert (ended.why, ended.code) == (why, code)


async def test_nothing_follows_a_close() -> None:
    """Messages after the CLOSE frame are not delivered."""
    frames, ended = await received_from(sends([frame(b"a") + BYE + frame(b"b"), frame(b"c")]))
    assert frames == [b"a"]
    assert ended == GOODBYE


async def test_nothing_follows_an_error_of_the_callback() -> None:
    """What the callback raises comes out of run, and the frame after it is not delivered."""
    frames: list[bytes] = []

    def on_frame(payload: bytes) -> None:
        frames.append(payload)
        if payload == b"bad":
            raise ValueError(payload)

    async with tcp_server(sends([frame(b"ok") + frame(b"bad") + frame(b"next") * 9])) as port:
        with pytest.raises(ValueError, match="bad"):
            await Subscription(f"ws://127.0.0.1:{port}/", on_frame, guard=LOCAL).run()
    assert frames == [b"ok", b"bad"]


async def test_broken_connection() -> None:
    """A connection that breaks without CLOSE, even inside a frame, is lost; whole frames count."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(frame(b"whole") + frame(b"half of this")[:7])

    frames, ended = await received_from(handler)
    assert frames == [b"whole"]
    assert ended == Ended(Ending.LOST)


async def test_dead_peer_is_found() -> None:
    """A server that neither sends nor answers a ping is given up; one that pongs is kept."""

    async def pongs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        for _ in range(3):
            await read_ping(reader)
            writer.write(frame(b"", 10))
        writer.write(BYE)
        await reader.read()

    for handler, ending in ((sends([]), Ended(Ending.SILENT)), (pongs, GOODBYE)):
        async with tcp_server(handler) as port:
            url = f"ws://127.0.0.1:{port}/"
            ended = await Subscription(url, lambda _: None, guard=LOCAL, idle_timeout=0.2).run()
        assert ended == ending


async def test_any_frame_is_a_sign_of_life() -> None:
    """A server that answers pings with messages alone is alive: its pong may wait behind them."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        for _ in range(3):
            await read_ping(reader)
            writer.write(frame(b"busy"))
        writer.write(BYE)
        await reader.read()

    frames: list[bytes] = []
    async with tcp_server(handler) as port:
        url = f"ws://127.0.0.1:{port}/"
        ended = await Subscription(url, frames.append, guard=LOCAL, idle_timeout=0.2).run()
    assert (frames, ended) == ([b"busy"] * 3, GOODBYE)


async def test_pause_with_a_ping_under_way() -> None:
    """A pong that cannot be read while paused is not missed."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        await read_ping(reader)
        subscription.pause()
        writer.write(frame(b"", 10))
        await asyncio.sleep(0.3)
        subscription.resume()
        writer.write(frame(b"on") + BYE)
        await reader.read()

    frames: list[bytes] = []
    async with tcp_server(handler) as port:
        url = f"ws://127.0.0.1:{port}/"
        subscription = Subscription(url, frames.append, guard=LOCAL, idle_timeout=0.2)
        assert await subscription.run() == GOODBYE
    assert frames == [b"on"]


async def test_pause_before_the_connection() -> None:
    """A subscription can be paused before it is up: then nothing is read at first."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        await asyncio.sleep(0.05)
        writer.write(frame(b"x") + BYE)
        await reader.read()

    frames: list[bytes] = []
    async with tcp_server(handler) as port:
        subscription = Subscription(f"ws://127.0.0.1:{port}/", frames.append, guard=LOCAL)
        subscription.pause()
        run = asyncio.create_task(subscription.run())
        await asyncio.sleep(0.2)
        assert frames == []
        subscription.resume()
        assert await run == GOODBYE
    assert frames == [b"x"]


async def test_pause_stops_the_reading() -> None:
    """While paused the server cannot push more than buffers hold, and is not taken for dead."""
    sent = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await upgrade(reader, writer)
        message = frame(bytes(100_000))
        for _ in range(500):
            writer.write(message)
            await writer.drain()
            sent += 1
        writer.write(BYE)
        await reader.read()

    frames = 0

    def on_frame(_: bytes) -> None:
        nonlocal frames
        frames += 1
        if frames == 1:
            subscription.pause()

    async with tcp_server(handler) as port:
        url = f"ws://127.0.0.1:{port}/"
        subscription = Subscription(url, on_frame, guard=LOCAL, idle_timeout=0.2)
        run = asyncio.create_task(subscription.run())
        await asyncio.sleep(0.5)
        held_back, held_up = frames, sent
        assert held_back < 200
        assert held_up < 400
        await asyncio.sleep(0.2)
        assert (frames, sent) == (held_back, held_up)
        subscription.resume()
        assert await run == GOODBYE
    assert frames == 500


async def test_server_that_pings_and_does_not_read() -> None:
    """Pongs that nobody reads do not pile up: the connection is given up."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        while not writer.is_closing():
            writer.write(frame(bytes(125), 9) * 1_000)
            await writer.drain()

    async with asyncio.timeout(20):
        frames, ended = await received_from(handler)
    assert ended.why is Ending.VIOLATION
    assert frames == []


@pytest.mark.parametrize(
    "law",
    [
        test_whole_messages_arrive_in_order_until_the_server_closes,
        test_broken_connection,
        test_dead_peer_is_found,
        test_pause_stops_the_reading,
        test_server_that_pings_and_does_not_read,
    ],
)
def test_on_uvloop(law: Callable[[], Coroutine[None, None, None]]) -> None:
    """The same holds on the event loop that the services run on."""
    uvloop.run(law())


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_grows_to_a_limit(attempt: int, random_value: float) -> None:
    """Waits double up to a minute, and chance takes away at most half."""
    longest = min(2.0**attempt, 60.0) if attempt < 100 else 60.0
    assert longest / 2 <= backoff(attempt, random_value) <= longest
