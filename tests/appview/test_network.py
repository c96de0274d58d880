"""The way out of the AppView, and that it is closed behind it."""

from __future__ import annotations

import asyncio

import pytest

from appview.network import network
from atp.runtime.http import HttpRefused


async def test_private_hosts_are_for_local_networks() -> None:
    """Whatever network data names is vetted; what the operator named is let through."""
    async with network("http://127.0.0.1:1") as closed:
        with pytest.raises(HttpRefused):
            closed.http.guard.vet("http://127.0.0.1:2")
        assert closed.http.guard.vet("http://127.0.0.1:1")
    async with network("http://127.0.0.1:1", allow_private_hosts=True) as open_:
        assert open_.http.guard.vet("http://127.0.0.1:2")


async def test_nothing_outlives_it() -> None:
    """What was started ends with it, and what is done is forgotten."""
    ended: list[str] = []

    async def wait(name: str, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            ended.append(name)

    async with network("http://127.0.0.1:1") as opened:
        await opened.start(wait("short", 0))
        opened.start(wait("long", 60))
        await asyncio.sleep(0)
        assert ended == ["short"]
    assert ended == ["short", "long"]
