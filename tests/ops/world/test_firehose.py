"""subscribeRepos: cursors, the window, slow subscribers (spec digest 1.8)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
import libipld
import pytest

from atp import frames
from atp.frames import CommitMsg, ErrorFrame, InfoMsg, Message, UnknownMsg
from ops.world.network import World
from tests.ops.world.subscriber import subscribe

COLLECTION = "com.example.note"
PATH = "/xrpc/com.atproto.sync.subscribeRepos"


def seqs(received: list[bytes]) -> list[int]:
    """The sequence numbers of message frames."""
    return [libipld.decode_dag_cbor_multi(frame)[1]["seq"] for frame in received]


@pytest.mark.parametrize("cursor", [0, -1])
async def test_zero_replays_all_then_live(world: World, cursor: int) -> None:
    """From the oldest event on, then what happens next, without a seam."""
    alice = world.create_account("alice.test")
    async with subscribe(world.relay_url, cursor) as subscription:
        assert seqs(await subscription.frames(4)) == [1, 2, 3, 4]
        alice.create(COLLECTION, {})
        assert seqs(await subscription.frames(1)) == [5]


async def test_cursor_resumes_after_it(world: World) -> None:
    """The event that the cursor names is not sent again."""
    world.create_account("alice.test")
    async with subscribe(world.relay_url, 2) as subscription:
        assert seqs(await subscription.frames(2)) == [3, 4]
        assert await subscription.silent()


async def test_no_cursor_is_live(world: World) -> None:
    """Without a cursor only what happens from now on comes."""
    alice = world.create_account("alice.test")
    async with subscribe(world.relay_url) as subscription:
        alice.create(COLLECTION, {})
        assert seqs(await subscription.frames(1)) == [5]


async def test_newest_cursor_waits(world: World) -> None:
    """A cursor at the newest event is not in the future."""
    alice = world.create_account("alice.test")
    async with subscribe(world.relay_url, 4) as subscription:
        assert await subscription.silent()
    async with subscribe(world.relay_url, 4) as subscription:
        alice.create(COLLECTION, {})
        assert seqs(await subscription.frames(1)) == [5]


async def test_future_cursor_is_refused(world: World) -> None:
    """A cursor that was never given out: an error frame, then close 1008."""
    world.create_account("alice.test")
    async with subscribe(world.relay_url, 5) as subscription:
        error = await subscription.message()
        assert isinstance(error, ErrorFrame)
        assert error.error == "FutureCursor"
        assert await subscription.close_code() == 1008


@pytest.mark.parametrize(
    ("cursor", "told"), [(0, False), (1, True), (6, True), (7, False), (8, False)]
)
async def test_outdated_cursor_is_told(
    clock: Callable[[], int],
    cursor: int,
    told: bool,
) -> None:
    """Where events between the cursor and the window are gone, `#info` says so first."""
    async with World(1, clock, window=5) as world:
        alice = world.create_account("alice.test")
        for _ in range(8):
            alice.create(COLLECTION, {})
        assert (world.relay.log.evicted, world.relay.log.last) == (7, 12)
        async with subscribe(world.relay_url, cursor) as subscription:
            if told:
                info = await subscription.message()
                assert isinstance(info, InfoMsg)
                assert info.name == "OutdatedCursor"
            first = max(cursor, 7) + 1
            assert seqs(await subscription.frames(13 - first)) == list(range(first, 13))


async def test_bad_cursor_is_refused_before_the_upgrade(
    world: World, http: aiohttp.ClientSession
) -> None:
    """A cursor that is no number is an InvalidRequest over HTTP."""
    async with http.get(f"{world.relay.host.url}{PATH}?cursor=abc") as response:
        assert response.status == 400
        assert (await response.json())["error"] == "InvalidRequest"


async def test_pds_has_a_firehose_of_its_own(world: World) -> None:
    """Each PDS says what happens to its accounts, in its own numbers; the relay says it all."""
    world.create_account("alice.test", pds=0)
    bob = world.create_account("bob.test", pds=1)
    async with subscribe(world.pds_urls[1], 0) as subscription:
        assert seqs(await subscription.frames(4)) == [1, 2, 3, 4]
        bob.create(COLLECTION, {})
        message = await subscription.message()
        assert isinstance(message, CommitMsg)
        assert (message.seq, message.repo) == (5, bob.did)
    assert world.relay.log.last == 9


@pytest.mark.parametrize("gathering", [50, 51])
async def test_slow_consumer_is_closed(clock: Callable[[], int], gathering: int) -> None:
    """Who lets more than the buffer gather while a batch is on its way is told and closed."""
    async with World(1, clock, buffer=50) as world:
        alice = world.create_account("alice.test")
        async with subscribe(world.relay_url, 0) as subscription:
            await subscription.frames(4)
            for _ in range(40):  # far more than the sockets between us hold
                alice.create(COLLECTION, {"text": "x" * 900_000})
            received = await subscription.frames(2)
            for _ in range(gathering):
                alice.create(COLLECTION, {})
            error: Message | UnknownMsg | None = None
            while error is None and len(received) < 40 + gathering:
                frame = await subscription.frame()
                message = frames.decode(frame)
                if isinstance(message, ErrorFrame):
                    error = message
                else:
                    received.append(frame)
            assert seqs(received) == list(range(5, 5 + len(received)))
            if gathering <= 50:
                assert error is None
            else:
                assert isinstance(error, ErrorFrame)
                assert error.error == "ConsumerTooSlow"
                assert len(received) < 40
                assert await subscription.close_code() == 1008


async def test_cut_off_behind_the_window(clock: Callable[[], int]) -> None:
    """Who falls behind the window is closed too: nothing is ever left out in silence."""
    async with World(1, clock, window=10) as world:
        alice = world.create_account("alice.test")
        async with subscribe(world.relay_url, 0) as subscription:
            await subscription.frames(4)
            for _ in range(11):
                alice.create(COLLECTION, {})
            error = await subscription.message()
            assert isinstance(error, ErrorFrame)
            assert error.error == "ConsumerTooSlow"


async def test_counts_subscribers(world: World) -> None:
    """A subscriber counts while its connection is open."""
    assert world.relay.firehose.subscribers == 0
    async with subscribe(world.relay_url), subscribe(world.relay_url, 0):
        assert world.relay.firehose.subscribers == 2
    async with asyncio.timeout(5):
        while world.relay.firehose.subscribers:
            await asyncio.sleep(0.01)
