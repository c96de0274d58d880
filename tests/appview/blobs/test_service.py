"""The service put together."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from appview.blobs.metrics import Metrics
from appview.blobs.service import blobs, sweep
from atp.runtime.lock import LockHeld
from atp.runtime.metrics import Registry
from tests.appview.blobs.serving import DID, Gate, listening, service


async def test_the_folder_has_one_owner(tmp_path: Path) -> None:
    """A second process is refused, and finds the place free when the first has ended."""
    async with service(tmp_path) as serving:
        data = tmp_path / "data"
        data.mkdir()
        given = (data, serving.store, serving.network)
        async with blobs(*given, Registry(), asyncio.Event(), limit=1_000):
            with pytest.raises(LockHeld):
                async with blobs(*given, Registry(), asyncio.Event(), limit=1_000):
                    pass
        async with blobs(*given, Registry(), asyncio.Event(), limit=1_000):
            pass


async def test_the_end_cuts_off_who_still_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Soon after the service is told to stop, nobody holds it up, and nothing half is left."""
    monkeypatch.setattr("appview.blobs.service.LAST_BYTES", 0.05)
    async with service(tmp_path) as serving:
        gate = serving.pds.behaviour = Gate()
        gate.passed.put_nowait(1)
        stop, registry = asyncio.Event(), Registry()
        data = tmp_path / "data"
        data.mkdir()
        begun, waits = serving.publish(b"begun"), serving.publish(b"waits")
        async with blobs(
            data, serving.store, serving.network, registry, stop, limit=1_000
        ) as application:
            async with listening(application) as serving.url:
                async with serving.http.get(serving.at(begun)) as answer:
                    assert await answer.content.readexactly(1) == b"b"
                    waiting = asyncio.create_task(serving.get(waits))
                    await serving.until(lambda: len(serving.pds.asked) == 2)
                    stop.set()
                    with pytest.raises(aiohttp.ClientError):
                        await answer.read()
                    assert (await waiting).status == 503
        assert list((data / "blobs").iterdir()) == []
        assert b'outcome="ended"} 2.0' in registry.render()


async def test_what_nobody_shows_is_deleted(tmp_path: Path) -> None:
    """Files of a hidden account go from the disk too; a shown one's stay."""
    async with service(tmp_path) as serving:
        stays, goes = serving.publish(b"stays"), serving.publish(b"goes")
        for cid in (stays, goes):
            assert (await serving.get(cid)).status == 200
        await serving.until(lambda: len(serving.cache.files()) == 2)
        serving.index.delete(serving.tracks[1])
        sweeping = asyncio.create_task(
            sweep(serving.cache, serving.store, Metrics(Registry()), every=0.01)
        )
        await serving.until(lambda: serving.cache.files() == [stays])
        serving.index.status(DID, active=False)
        await serving.until(lambda: serving.cache.files() == [])
        sweeping.cancel()
        assert list((tmp_path / "blobs").iterdir()) == []
