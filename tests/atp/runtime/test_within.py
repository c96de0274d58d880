"""Waiting for an event."""

from __future__ import annotations

import asyncio

from atp.runtime.within import within


async def test_set_or_not() -> None:
    """True as soon as it is set, also when it was before; false once the time has passed."""
    event = asyncio.Event()
    assert not await within(0.01, event)
    asyncio.get_running_loop().call_soon(event.set)
    assert await within(60, event)
    assert await within(0, event)
