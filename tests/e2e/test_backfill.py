"""`plyr backfill`: what was written before we listened, found and fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ops.world.network import World
from tests.clock import now
from tests.e2e.plyr import serving, told
from tests.e2e.running import facts, records
from tests.e2e.test_audit import audit, populate
from tests.e2e.test_kill import truth


async def backfill(world: World, folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and last progress of `plyr backfill`."""
    return await told(folder, world, "backfill", *arguments, "--start=live")


async def test_an_empty_index_is_filled_without_a_stream(tmp_path: Path) -> None:
    """Everybody is found through the relay's lists, fetched and verified; a listener too."""
    async with World(3, now) as world:
        populate(world)
        status, progress = await backfill(world, tmp_path)
        assert (status, progress["synchronized"], progress["due"]) == (0, 3, 0)
        assert records(tmp_path) == truth(world)
        before = facts(tmp_path)
        assert (await backfill(world, tmp_path))[0] == 0
        assert facts(tmp_path) == before


async def test_named_repos_alone_are_fetched(tmp_path: Path) -> None:
    """Only the repo that was asked for is there."""
    async with World(3, now) as world:
        populate(world)
        did = world.accounts[0].did
        status, progress = await backfill(world, tmp_path, did)
        assert (status, progress["synchronized"]) == (0, 1)
        assert {uri.split("/")[2] for uri in records(tmp_path)} == {did}


async def test_a_running_service_is_asked(tmp_path: Path) -> None:
    """A service that began at the live tail fills itself; the command shows how far it is."""
    async with World(3, now) as world:
        populate(world)
        flags = (f"--relays={world.relay_url}", f"--plc-url={world.plc_url}", "--start=live")
        async with serving(tmp_path, *flags):
            status, progress = await backfill(world, tmp_path)
            assert (status, progress["synchronized"]) == (0, 3)
            assert records(tmp_path) == truth(world)
            assert (await audit(world, tmp_path))[0] == 0
