"""``subscribeLabels`` over real sockets: cursors, order, slow readers, ends."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

import aiohttp
import pytest

from atp import label_frames
from atp.frames import MAX_SEQ
from atp.label_frames import LabelsMsg
from labeler import store, stream_places
from labeler.decide import Statement
from labeler.stream import CLOSED_FOR_ERROR, PATH
from labeler.stream_pages import PAGE_BYTES
from ops import websocket
from tests.labeler.making import NOW
from tests.labeler.served import Served, reading, served, tracks, until

LONG_URI = "at://did:plc:artist/fm.plyr.track/" + "a" * 8_000
HIGH_WATER = 65_536  # of a transport, when not told otherwise


async def test_replay_and_live_are_one_stream(it: Served) -> None:
    """From cursor 0 come all labels there are, then those that are given, each once."""
    given = await it.give(*tracks(600))
    async with reading(it.port, 0) as reader:
        assert await reader.labels(600) == [(one.seq, one.label) for one in given]
        more = await it.say("did:plc:somebody")
        assert await reader.label() == (more.seq, more.label)


async def test_without_a_cursor_only_what_comes_is_told(it: Served) -> None:
    """A label given after the connection stands is told, none from before."""
    await it.say("did:plc:before")
    async with reading(it.port) as reader:
        after = await it.say("did:plc:after")
        assert await reader.label() == (after.seq, after.label)


async def test_the_cursor_is_the_last_one_seen(it: Served) -> None:
    """From each position the rest follows; at the head, nothing until something is given."""
    given = await it.give(*tracks(5))
    for number, one in enumerate(given):
        async with reading(it.port, one.seq) as reader:
            if rest := given[number + 1 :]:
                assert [seq for seq, _ in await reader.labels(len(rest))] == [r.seq for r in rest]
    async with reading(it.port, given[-1].seq) as reader:
        more = await it.say("did:plc:more")
        assert (await reader.label())[0] == more.seq


async def test_a_cursor_of_the_future_is_an_error(it: Served) -> None:
    """An error frame says so and the connection is closed; the head itself is no future."""
    one = await it.say("did:plc:somebody")
    for cursor in (one.seq + 1, MAX_SEQ):
        async with reading(it.port, cursor) as reader:
            assert await reader.end() == ("FutureCursor", CLOSED_FOR_ERROR)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.0", "%201", "1e3", MAX_SEQ + 1, "0&cursor=0"])
async def test_a_cursor_that_is_none_is_refused(
    it: Served, cursor: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Before any upgrade, with 400 and the name that XRPC has for it; nothing went wrong here."""
    url = f"http://127.0.0.1:{it.port}{PATH}?cursor={cursor}"
    handshake = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with aiohttp.ClientSession() as http, http.get(url, headers=handshake) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"] == "InvalidRequest"
    assert it.stream.subscribers == 0
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_removed_labels_are_told_of(it: Served) -> None:
    """A cursor in what was removed is called outdated; what is left follows. 0 asks for no more."""
    given = await it.give(*tracks(5))

    def trim(conn: object) -> None:
        it.labeler.writer._conn.execute("DELETE FROM labels WHERE seq <= ?", (given[2].seq,))
        it.labeler.writer._conn.execute("UPDATE head SET trimmed = ?", (given[2].seq,))

    await it.labeler.writer.run(trim)
    async with reading(it.port, given[1].seq) as reader:
        assert await reader.info() == "OutdatedCursor"
        assert [seq for seq, _ in await reader.labels(2)] == [one.seq for one in given[3:]]
    for whole in (0, given[2].seq):
        async with reading(it.port, whole) as reader:
            assert (await reader.label())[0] == given[3].seq


async def test_a_plain_request_is_told_to_upgrade(it: Served) -> None:
    """The path is a subscription's: GET is told so, other verbs and longer paths are refused."""
    url = f"http://127.0.0.1:{it.port}{PATH}"
    async with aiohttp.ClientSession() as http:
        async with http.get(url) as answer:
            assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")
        async with http.post(url) as answer:
            assert answer.status == 405
        async with http.get(f"{url}AndMore") as answer:
            assert answer.status == 404
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{url}AndMore")
        assert refused.value.status == 404


async def test_subscribers_have_a_limit(it: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused with 503, and welcome once another has gone."""
    monkeypatch.setattr(stream_places, "MAX_SUBSCRIBERS", 1)
    async with reading(it.port):
        await until(lambda: it.stream.subscribers == 1)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with reading(it.port):
                pass
        assert refused.value.status == 503
    await until(lambda: it.stream.subscribers == 0)
    async with reading(it.port):
        pass


async def test_an_address_has_a_limit(it: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many of an address that a proxy tells is refused with 429; others are not."""
    monkeypatch.setattr(stream_places, "MAX_OF_ADDRESS", 1)
    one, other = ({"X-Forwarded-For": f"192.0.2.{number}"} for number in (1, 2))
    async with reading(it.port, headers=one):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with reading(it.port, headers=one):
                pass
        assert refused.value.status == 429
        async with reading(it.port, headers=other), reading(it.port), reading(it.port):
            await until(lambda: it.stream.subscribers == 4)


async def test_another_process_wakes_the_stream(it: Served) -> None:
    """A commit that nobody in this process announces is seen by `PRAGMA data_version`."""
    it.labeler.labels._stored = lambda: None
    async with reading(it.port) as reader:
        one = await it.say("did:plc:somebody")
        assert await reader.label() == (one.seq, one.label)


def deaf(port: int, cursor: int = 0) -> socket.socket:
    """A subscriber who never reads, with as little room in between as the system gives."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    peer.connect(("127.0.0.1", port))
    peer.sendall(
        f"GET {PATH}?cursor={cursor} HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    return peer


def everything(peer: socket.socket) -> list[bytes]:
    """The messages that a peer can still read; the last one is the reason to close."""
    peer.settimeout(10)
    data = b""
    while data[-4:-2] != b"\x88\x02":
        data += peer.recv(1 << 20)
    data = data.partition(b"\r\n\r\n")[2]
    found = []
    while data:
        size, body = data[1], 2
        if size == 126:
            size, body = int.from_bytes(data[2:4], "big"), 4
        found.append(data[body : body + size])
        data = data[body + size :]
    return found


@pytest.fixture
async def long_log(it: Served) -> Served:
    """More than the system takes for a reader who does not read."""
    for first in range(0, 1_200, 300):
        await it.give(*(Statement(f"{LONG_URI}{n}", "spam") for n in range(first, first + 300)))
    return it


async def test_who_does_not_read_is_told_and_closed(
    long_log: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ConsumerTooSlow stands after what was sent; what is held for it is bounded all the while."""
    monkeypatch.setattr(websocket, "PATIENCE", 0.3)
    held = []
    write = websocket.Socket.write

    async def watched(self: websocket.Socket, messages: bytes) -> None:
        try:
            await write(self, messages)
        finally:
            held.append(self.transport.get_write_buffer_size())

    monkeypatch.setattr(websocket.Socket, "write", watched)
    with deaf(long_log.port) as peer:
        await until(lambda: long_log.stream.subscribers == 1)
        await until(lambda: long_log.stream.subscribers == 0)
        *labels, error, closed = await asyncio.to_thread(everything, peer)
    assert len(labels) < 1_200
    assert label_frames.decode(error).error == "ConsumerTooSlow"  # type: ignore[union-attr]
    assert closed == CLOSED_FOR_ERROR.to_bytes(2, "big")
    assert max(held) <= HIGH_WATER + PAGE_BYTES + 10_000


async def test_who_never_reads_is_cut(long_log: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection ends though what is written is never taken; others are served meanwhile."""
    monkeypatch.setattr(websocket, "PATIENCE", 0.2)
    monkeypatch.setattr(websocket, "CLOSING_SECONDS", 0.2)
    with deaf(long_log.port) as peer:
        async with reading(long_log.port, 0) as reader:
            await reader.labels(1_200)
        await until(lambda: long_log.stream.subscribers == 0)
        await until(lambda: not alive(peer))


def alive(peer: socket.socket) -> bool:
    """Whether the other end still has the connection."""
    try:
        peer.send(b"\x8a\x80\0\0\0\0")  # a pong that nobody asked for
    except OSError:
        return False
    return True


async def test_a_slow_reader_gets_everything(
    long_log: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads at all within the time is not too slow, however long it takes."""
    monkeypatch.setattr(websocket, "PATIENCE", 2.0)
    with deaf(long_log.port) as peer:
        peer.setblocking(False)
        loop, size, rests = asyncio.get_running_loop(), 0, 0
        async with asyncio.timeout(60):
            while size < 1_200 * 8_000:
                size += len(await loop.sock_recv(peer, 1 << 18))
                if size > rests * 1_000_000:
                    rests += 1
                    await asyncio.sleep(0.3)


async def test_readers_at_one_place_share_one_page(
    it: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label is read and encoded once, however many wait for it."""
    encoded: list[int] = []
    encode = label_frames.encode

    def counted(message: LabelsMsg) -> bytes:
        encoded.append(message.seq)
        return encode(message)

    monkeypatch.setattr(label_frames, "encode", counted)
    async with reading(it.port) as a, reading(it.port) as b, reading(it.port) as c:
        one = await it.say("did:plc:somebody")
        assert {(await each.label())[0] for each in (a, b, c)} == {one.seq}
    assert encoded == [one.seq]


async def test_renewed_signatures_replace_those_in_memory(it: Served) -> None:
    """After a renewal nothing that the old key signed is sent any more."""
    one = await it.say("did:plc:somebody")
    async with reading(it.port, 0) as reader:
        assert (await reader.label())[1].sig == one.label.sig
    await it.labeler.writer.run(
        lambda conn: conn.execute("UPDATE labels SET sig = ?", (bytes(64),))
    )
    it.stream.renewed()
    async with reading(it.port, 0) as reader:
        assert (await reader.label())[1].sig == bytes(64)


async def test_a_clock_that_stands_still_gives_an_order(it: Served) -> None:
    """Sequence numbers grow one by one where the clock does not move."""
    given = await it.give(*tracks(3))
    assert [one.seq for one in given] == [NOW, NOW + 1, NOW + 2]
    assert store.last_seq(it.labeler.reader) == NOW + 2


async def test_an_end_of_the_service_closes_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers are told that the service restarts, and one who does not read keeps nobody."""
    monkeypatch.setattr(websocket, "CLOSING_SECONDS", 0.2)
    stuck = asyncio.Event()
    monkeypatch.setattr(websocket.Socket, "pause_writing", lambda _: stuck.set())
    async with aiohttp.ClientSession() as http:
        async with served(folder) as it:
            await it.give(*(Statement(f"{LONG_URI}{n}", "spam") for n in range(900)))
            live = await http.ws_connect(f"ws://127.0.0.1:{it.port}{PATH}")
            peer = deaf(it.port)
            await stuck.wait()
        closed = await live.receive()
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1012)
    peer.close()
