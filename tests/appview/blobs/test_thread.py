"""Work on files beside the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from appview.blobs.thread import in_thread


async def test_results_and_errors_come_back() -> None:
    """As if the work had been done here."""
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 7, 0)


async def test_who_is_cancelled_waits_for_the_work() -> None:
    """So that what it works on can be closed."""
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        done.set()
        raise ValueError

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0.02)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()
