"""Looking up handles for callers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from appview import handles
from appview.handles import Handles
from appview.network import Network
from atp.runtime.http import Client
from atp.runtime.xrpc import XrpcError
from atp.syntax import Did, Handle
from pds_client.identity import Directory, HandleAbsent, HandleUnavailable

DID = Did("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")


@dataclass
class Names:
    """Stands where handles are resolved; who asks waits until it is let go."""

    known: dict[str, Did] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    up: bool = True
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def resolve_handle(self, handle: Handle) -> Did:
        self.asked[handle] += 1
        await self.open.wait()
        if not self.up:
            raise HandleUnavailable(handle, "down")
        if handle not in self.known:
            raise HandleAbsent(handle, "no account has it")
        return self.known[handle]


@dataclass
class Scene:
    """The names and the look-ups, with a clock to turn."""

    names: Names
    handles: Handles
    now: list[int]

    async def error(self, handle: str) -> str:
        """The error of a look-up."""
        with pytest.raises(XrpcError) as refused:
            await self.handles.did(Handle(handle))
        return refused.value.error


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Names that answer at once."""
    names, now = Names({"a.test": DID}), [0]
    names.open.set()
    network = Network(cast("Client", None), cast("Directory", names))
    yield Scene(names, Handles(network, lambda: now[0]), now)
    names.open.set()
    await network.end()


async def test_asked_once_for_a_while(scene: Scene) -> None:
    """What was found, or found not to be, is not asked for again too soon."""
    for _ in range(3):
        assert await scene.handles.did(Handle("a.test")) == DID
        assert await scene.error("b.test") == "HandleNotFound"
    assert scene.names.asked == {"a.test": 1, "b.test": 1}
    scene.names.known["b.test"] = DID
    scene.now[0] = handles.KEPT_FOR
    assert await scene.handles.did(Handle("b.test")) == DID


async def test_asked_once_by_many(scene: Scene) -> None:
    """Who asks while somebody else does waits for the same answer, whoever gives up."""
    scene.names.open.clear()
    several = [asyncio.create_task(scene.handles.did(Handle("a.test"))) for _ in range(5)]
    while not scene.names.asked:
        await asyncio.sleep(0)
    several.pop(0).cancel()
    scene.names.open.set()
    assert await asyncio.gather(*several) == [DID] * 4
    assert scene.names.asked == {"a.test": 1}


async def test_unknown_is_not_gone(scene: Scene) -> None:
    """Nobody who could tell, or nobody in time, is another answer than that there is none."""
    scene.names.up = False
    assert await scene.error("a.test") == "InvalidRequest"


async def test_patience_ends(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stalled look-up is given up."""
    monkeypatch.setattr(handles, "PATIENCE", 0.01)
    scene.names.open.clear()
    assert await scene.error("a.test") == "InvalidRequest"


async def test_bounded(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many at once, and only so many are remembered."""
    monkeypatch.setattr(handles, "AT_ONCE", 2)
    monkeypatch.setattr(handles, "MAX_KEPT", 2)
    scene.names.open.clear()
    two = [asyncio.create_task(scene.handles.did(Handle("a.test")))]
    two.append(asyncio.create_task(scene.handles.did(Handle("b.test"))))
    while len(scene.names.asked) < 2:
        await asyncio.sleep(0)
    assert await scene.error("c.test") == "NotEnoughResources"
    scene.names.open.set()
    await asyncio.gather(*two, return_exceptions=True)
    await scene.error("c.test")
    assert await scene.handles.did(Handle("a.test")) == DID
    assert scene.names.asked["a.test"] == 2
