"""Long reads: once for all who ask, on a thread of their own, and in bounds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appview.app import open_store
from appview.aside import FRESH, MAX_KEPT, MAX_WAITING, Aside
from appview.store import Store
from atp.runtime.xrpc import XrpcError
from tests.appview.index import NAMES, Index


class Slow:
    """A query that tells how often it ran, on which threads, and waits until it may go on."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.may_go_on = threading.Event()

    def __call__(self, store: Store) -> int:
        self.threads.append(threading.get_ident())
        assert self.may_go_on.wait(10)
        return store.stats().accounts


@pytest.fixture
def aside(index: Index, tmp_path: Path) -> Iterator[Aside]:
    """Long reads of an index with one account."""
    index.track(index.actor("alice"))
    aside = Aside(lambda: open_store(tmp_path / "index.db", NAMES))
    yield aside
    aside.close()


async def test_one_read_for_all_who_wait(aside: Aside) -> None:
    """Who asks for the same while it is read waits for it; who gives up takes nobody's away."""
    slow = Slow()
    asking = [asyncio.create_task(aside.get("key", 0, slow)) for _ in range(5)]
    await asyncio.sleep(0)
    asking.pop(0).cancel()
    slow.may_go_on.set()
    assert await asyncio.gather(*asking) == [1] * 4
    assert len(slow.threads) == 1
    assert slow.threads[0] != threading.get_ident()


async def test_what_was_read_is_good_for_a_while(aside: Aside) -> None:
    """It is read again once it is old, and another key is another read."""
    slow = Slow()
    slow.may_go_on.set()
    for now, reads in ((0, 1), (FRESH - 1, 1), (FRESH, 2), (FRESH + 1, 2)):
        assert await aside.get("key", now, slow) == 1
        assert len(slow.threads) == reads, now
    await aside.get("other", FRESH, slow)
    assert len(slow.threads) == 3
    assert len(set(slow.threads)) == 1


async def test_what_is_kept_is_bounded(aside: Aside) -> None:
    """The one that was asked for longest ago goes."""
    slow = Slow()
    slow.may_go_on.set()
    await aside.get("first", 0, slow)
    for key in range(MAX_KEPT - 1):
        await aside.get(key, 0, slow)
    await aside.get("first", 0, slow)
    await aside.get("last", 0, slow)
    reads = len(slow.threads)
    await aside.get("first", 0, slow)
    assert len(slow.threads) == reads
    await aside.get(0, 0, slow)
    assert len(slow.threads) == reads + 1


async def test_who_waits_is_bounded(aside: Aside) -> None:
    """One read more is refused, and the others are answered."""
    slow = Slow()
    asking = [asyncio.create_task(aside.get(key, 0, slow)) for key in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(XrpcError, match="NotEnoughResources"):
        await aside.get("more", 0, slow)
    slow.may_go_on.set()
    assert await asyncio.gather(*asking) == [1] * MAX_WAITING


async def test_a_read_that_fails_is_tried_again(aside: Aside) -> None:
    """Its error is for those who waited, and for nobody after them."""

    def fail(_store: Store) -> int:
        raise LookupError

    with pytest.raises(LookupError):
        await aside.get("key", 0, fail)
    assert await aside.get("key", 0, lambda _store: 7) == 7
