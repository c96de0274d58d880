"""Waiting for an event, but not for ever."""

from __future__ import annotations

import asyncio


async def within(seconds: float, event: asyncio.Event) -> bool:
    """Whether the event is set before so many seconds have passed."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return event.is_set()  # it may be set at the last moment
