"""Telling the indexer who asks."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from appview import timeline
from appview.network import Network
from appview.timeline import TELL_EVERY, Viewers, no_indexer
from atp.runtime.control import ControlError, NotRunning
from atp.syntax import Did
from tests.appview.client import UNREACHABLE, Client
from tests.appview.index import Index


class Indexer:
    """Stands for the indexer: it makes a viewer known once it may."""

    def __init__(self, index: Index) -> None:
        self.told: list[str] = []
        self.may = asyncio.Event()
        self.fails: Exception | None = None
        self._index = index

    async def command(self, command: str, args: dict[str, Any]) -> dict[str, Any]:
        """The one command that it knows."""
        assert command == "follow-viewer"
        self.told.append(args["did"])
        if self.fails:
            raise self.fails
        await self.may.wait()
        self._index.follow(Did(args["did"]))
        return {}


class Asking:
    """Viewers over an indexer, and a clock."""

    def __init__(self, index: Index) -> None:
        self.indexer = Indexer(index)
        self.now = 0
        network = Network(UNREACHABLE.http, UNREACHABLE.directory)
        self.viewers = Viewers(network, self.indexer.command, lambda: self.now)


@pytest.fixture
def asking(index: Index) -> Asking:
    """The way to the indexer."""
    return Asking(index)


async def test_who_is_new_waits_for_the_first_follows(
    asking: Asking, index: Index, client: Client
) -> None:
    """However many of its calls come at once, the indexer is told once."""
    fan = index.actor("fan")
    calls = [asyncio.create_task(asking.viewers.ask(client.store, fan)) for _ in range(5)]
    await asyncio.sleep(0.05)
    assert not any(call.done() for call in calls)
    asking.indexer.may.set()
    await asyncio.gather(*calls)
    assert asking.indexer.told == [fan]


async def test_nobody_waits_for_long(
    asking: Asking, index: Index, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The indexer goes on, and is not asked twice meanwhile."""
    monkeypatch.setattr(timeline, "BUDGET", 0.1)
    fan = index.actor("fan")
    began = time.monotonic()
    await asking.viewers.ask(client.store, fan)
    await asking.viewers.ask(client.store, fan)
    assert 0.15 < time.monotonic() - began < 5
    assert asking.indexer.told == [fan]
    asking.indexer.may.set()


async def test_who_is_known_waits_for_nothing(asking: Asking, index: Index, client: Client) -> None:
    """The indexer is told now and then that the account still asks."""
    fan = index.actor("fan")
    index.follow(fan)
    for _ in range(3):
        await asking.viewers.ask(client.store, fan)
        await asyncio.sleep(0)
    assert asking.indexer.told == [fan]
    asking.indexer.may.set()
    await asyncio.sleep(0.01)
    asking.now = TELL_EVERY
    await asking.viewers.ask(client.store, fan)
    await asyncio.sleep(0)
    assert asking.indexer.told == [fan, fan]


@pytest.mark.parametrize("error", [NotRunning("no"), ControlError("Timeout", "no")])
async def test_an_indexer_that_does_not_do_it_is_no_error(
    asking: Asking, index: Index, client: Client, error: Exception
) -> None:
    """Who is new is told of again with the next call."""
    asking.indexer.fails = error
    fan = index.actor("fan")
    await asking.viewers.ask(client.store, fan)
    await asking.viewers.ask(client.store, fan)
    assert asking.indexer.told == [fan, fan]


async def test_what_is_remembered_is_bounded(
    asking: Asking, index: Index, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of too many viewers, the one that was told of first is told of again."""
    monkeypatch.setattr(timeline, "MAX_REMEMBERED", 2)
    asking.indexer.may.set()
    dids = [index.actor(name) for name in ("a", "b", "c")]
    for did in (*dids, dids[2], dids[0]):
        index.follow(did)
        await asking.viewers.ask(client.store, did)
        await asyncio.sleep(0.01)
    assert asking.indexer.told == [*dids, dids[0]]


async def test_without_an_indexer() -> None:
    """It is said so as of one that does not run."""
    with pytest.raises(NotRunning):
        await no_indexer("follow-viewer", {})
