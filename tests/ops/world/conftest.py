"""A world to test in, whose clock ticks one millisecond each time it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import count

import aiohttp
import pytest
import pytest_asyncio

from ops.world.network import World

START = 1_760_000_000_000_000


@pytest.fixture
def clock() -> Callable[[], int]:
    """Microseconds since the epoch, a millisecond later at each call."""
    return count(START, 1000).__next__


@pytest_asyncio.fixture
async def world(clock: Callable[[], int]) -> AsyncIterator[World]:
    """A world of two PDSes."""
    async with World(seed=7, clock=clock, pdses=2) as world:
        yield world


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client that gives up after five seconds."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session
