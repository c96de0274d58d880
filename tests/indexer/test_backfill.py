"""Backfill by hand: alone, and through a running indexer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from atp.runtime import control
from atp.runtime.lock import LockHeld
from atp.syntax import Did
from indexer import schema, service
from indexer.backfill import Progress
from ops.world.network import World
from tests.clock import now
from tests.e2e.running import config, held, indexing, truth, until
from tests.indexer.authors import NAMES, like, track


def populate(world: World) -> Did:
    """Artists, fans and strangers; returns the first artist."""
    for n in range(3):
        artist, fan = world.create_account(f"a{n}.test"), world.create_account(f"f{n}.test")
        stranger = world.create_account(f"s{n}.test")
        made = [artist.create(NAMES.track, track(title=f"{m}")) for m in range(5)]
        fan.create(NAMES.like, like(made[0].to_json()))
        stranger.create("app.bsky.feed.post", {"text": "noise"})
    return world.accounts[0].did


async def test_alone_it_fills_an_empty_index(tmp_path: Path) -> None:
    """Without any stream everything is found and fetched, and the progress told."""
    async with World(3, now) as world:
        populate(world)
        told: list[Progress] = []
        settings = config(tmp_path, world.relay_url, world.plc_url)
        end = await service.fill(settings, [], asyncio.Event(), told.append)
        assert held(tmp_path) == truth(world)
        assert end == Progress(
            lists=5, lists_read=5, synchronized=6, in_progress=0, due=0, waiting=0
        )
        assert told[-1] == end
        again = await service.fill(settings, [], asyncio.Event(), told.append)
        assert again == end


async def test_alone_it_fetches_whom_it_is_told(tmp_path: Path) -> None:
    """Only the DIDs given; one that nobody knows stays waiting, with the reason."""
    async with World(3, now) as world:
        first = populate(world)
        nobody = Did("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
        settings = config(tmp_path, world.relay_url, world.plc_url)
        end = await service.fill(settings, [first, nobody], asyncio.Event(), lambda _: None)
        assert (end.synchronized, end.waiting, end.lists) == (1, 1, 0)
        assert set(held(tmp_path)) == {uri for uri in truth(world) if first in uri}


async def test_it_stops_when_told(tmp_path: Path) -> None:
    """A stop in the middle ends it at once; the next run goes on."""
    async with World(3, now) as world:
        populate(world)
        world.pdses[0].host.stall()
        settings = config(tmp_path, world.relay_url, world.plc_url)
        stop = asyncio.Event()

        def tell(progress: Progress) -> None:
            if progress.in_progress:
                stop.set()

        async with asyncio.timeout(5):
            end = await service.fill(settings, [], stop, tell)
        assert end.synchronized == 0
        world.pdses[0].host.resume()
        await service.fill(settings, [], asyncio.Event(), lambda _: None)
        assert held(tmp_path) == truth(world)


async def test_a_running_indexer_takes_the_command(tmp_path: Path) -> None:
    """Control commands begin it and tell how far it is; beside one, nobody fills alone."""
    async with World(3, now) as world:
        first = populate(world)
        settings = config(tmp_path, world.relay_url, world.plc_url)
        store = tmp_path / schema.FILE
        async with indexing(settings):
            await until(lambda: store.with_name("index.db.sock").exists())
            with pytest.raises(LockHeld):
                await service.fill(settings, [], asyncio.Event(), lambda _: None)
            await until(lambda: held(tmp_path) == truth(world))
            answer = await control.request(store, "backfill", {"dids": [first]})
            assert answer["requested"] == 1
            async with asyncio.timeout(10):
                while answer["due"] or answer["in_progress"]:
                    answer = await control.request(store, "backfill-progress", {})
            assert answer["waiting"] == 0
            with pytest.raises(control.ControlError, match="InvalidRequest"):
                await control.request(store, "backfill", {"dids": ["nobody"]})
            everybody = await control.request(store, "backfill", {})
            assert everybody["requested"] == 0
