"""How many files are on their way at once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from appview.blobs.failure import Failed, Failure
from appview.blobs.places import Places


async def test_a_host_has_its_share(tmp_path: object) -> None:
    """One host fills its own places; others find theirs until all are taken."""
    places = Places(3, 2, patience=0.05)
    async with AsyncExitStack() as stack:
        for host in ("a", "a", "b"):
            await stack.enter_async_context(places.taken(host))
        for host in ("a", "c"):
            with pytest.raises(Failed) as failed:
                async with places.taken(host):
                    pass
            assert failed.value.failure is Failure.BUSY
    async with places.taken("c"):
        assert dict(places._taken) == {"c": 1}


async def test_who_waits_gets_the_place_that_is_left() -> None:
    """Nobody is refused where a place comes free in time, and no more than may are in."""
    places = Places(2, 2)
    inside = most = 0

    async def visit(host: str) -> None:
        nonlocal inside, most
        async with places.taken(host):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(visit(host) for host in "abcab" * 10))
    assert most == 2
    assert not places._taken


async def test_who_gives_up_takes_no_place() -> None:
    """A wait that is cancelled leaves nothing behind."""
    places = Places(1, 1)
    async with places.taken("a"):
        waiting = asyncio.create_task(places.taken("a").__aenter__())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with places.taken("a"):
        pass
    assert not places._taken
