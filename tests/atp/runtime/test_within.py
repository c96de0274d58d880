"""Waiting for an event."""

from __future__ import annotations

import asyncio
import time

from atp.runtime.within import within


async def test_set_or_not() -> None:
    """True as soon as it is set, also when it was before; false once the time has passed."""
    event = asyncio.Event()
    assert not await within(0.01, event)
    asyncio.get_running_loop().call_soon(event.set)
    assert await within(60, event)
    assert await within(0, event)


async def test_at_the_last_moment() -> None:
    """It is set after the time has passed, and before the waiter has its turn."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.call_later(0.02, event.set)
    loop.call_soon(time.sleep, 0.05)
    assert await within(0.01, event)
