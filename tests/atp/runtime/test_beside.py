"""Work beside a block."""

from __future__ import annotations

import asyncio

import pytest

from atp.runtime.beside import beside


async def fails_at_once() -> None:
    """Work that comes to nothing."""
    raise OSError("the disk") from KeyError("why")


async def test_it_runs_as_long_as_the_block() -> None:
    """It has begun by the block's first pause, and is over after it."""
    seen: list[str] = []

    async def work() -> None:
        seen.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("over")

    async with beside(work()):
        await asyncio.sleep(0)
        assert seen == ["begun"]
    assert seen == ["begun", "over"]


async def test_its_failure_ends_the_block() -> None:
    """As it is, with its cause, and not in a group."""
    with pytest.raises(OSError, match="the disk") as failed:
        async with beside(fails_at_once()):
            await asyncio.Event().wait()
    assert isinstance(failed.value.__cause__, KeyError)


async def test_the_blocks_own_failure_is_its_own() -> None:
    """The same of the block; the work is cancelled."""
    with pytest.raises(ValueError, match="mine"):
        async with beside(asyncio.sleep(60)):
            raise ValueError("mine")


async def test_neither_hides_the_other() -> None:
    """Where both fail, both are told."""
    with pytest.raises(BaseExceptionGroup) as failed:
        async with beside(fails_at_once()):
            try:
                await asyncio.Event().wait()
            finally:
                raise ValueError("mine")
    assert {type(one) for one in failed.value.exceptions} == {OSError, ValueError}


async def test_cancelling_is_no_failure() -> None:
    """Whoever waits for the block can cancel it."""

    async def wait() -> None:
        async with beside(asyncio.sleep(60)):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
