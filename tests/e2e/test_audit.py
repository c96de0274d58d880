"""`plyr audit` over a network: silent when all agrees, it names what does not, and heals it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import pytest

from indexer import schema
from lexicons.names import Names
from ops.world.network import World
from tests.clock import now
from tests.e2e.plyr import serving, told
from tests.e2e.running import config, cursor, facts, indexing, records, until
from tests.e2e.test_kill import truth
from tests.indexer.authors import comment, like, playlist, track

NAMES = Names()


async def audit(world: World, folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and report of `plyr audit`."""
    return await told(folder, world, "audit", *arguments)


def populate(world: World) -> None:
    """Three accounts that like, comment and list each other."""
    mira, ada, kenji = (world.create_account(f"{name}.test") for name in ("mira", "ada", "kenji"))
    made = [mira.create(NAMES.track, track(title=f"t{n}")).to_json() for n in range(3)]
    for account in (ada, kenji):
        for subject in made:
            account.create(NAMES.like, like(subject))
        account.create(NAMES.comment, comment(made[0]))
        account.create(NAMES.list, playlist(made))


DAMAGE = {
    "a raw row": "DELETE FROM records WHERE id = (SELECT record FROM likes LIMIT 1)",
    "a typed row": "UPDATE tracks SET title = 'x' WHERE title = 't1'",
    "a counter": "UPDATE counters SET likes = 9 WHERE comments = 2",
}


@pytest.mark.timeout(200)
async def test_damage_is_named_and_healed(tmp_path: Path) -> None:
    """Each wrong row is named, exit 1; `--repair` heals; the next audit is silent, exit 0."""
    async with World(3, now) as world:
        populate(world)
        async with indexing(config(tmp_path, world.relay_url, world.plc_url)):
            await until(lambda: cursor(tmp_path) is not None and records(tmp_path) == truth(world))
        sound = facts(tmp_path)
        status, report = await audit(world, tmp_path)
        assert (status, report["repos"], report["inSync"]) == (0, 3, 3)
        assert report["findings"] == []

        conn = apsw.Connection(str(tmp_path / schema.FILE))
        for statement in DAMAGE.values():
            conn.execute(statement)
            assert conn.changes() == 1
        conn.close()
        status, report = await audit(world, tmp_path)
        assert (status, report["drifted"], report["missing"]) == (1, 1, 1)
        named = " ".join(report["findings"])
        assert "tracks: " in named
        assert "counters: " in named

        status, report = await audit(world, tmp_path, "--repair")
        assert (status, report["repaired"], report["drifted"]) == (0, 1, 0)
        status, report = await audit(world, tmp_path)
        assert (status, report["findings"]) == (0, [])
        assert facts(tmp_path) == sound


@pytest.mark.timeout(200)
async def test_it_works_beside_a_running_service(tmp_path: Path) -> None:
    """A record that the service missed is named, and the service itself repairs it."""
    async with World(3, now) as world:
        populate(world)
        flags = (f"--relays={world.relay_url}", f"--plc-url={world.plc_url}")
        async with serving(tmp_path, *flags):
            await until(lambda: cursor(tmp_path) is not None and records(tmp_path) == truth(world))
            sound = facts(tmp_path)
            conn = apsw.Connection(str(tmp_path / schema.FILE))
            conn.set_busy_timeout(5_000)
            for statement in DAMAGE.values():
                conn.execute(statement)
            conn.close()
            assert (await audit(world, tmp_path))[0] == 1
            status, report = await audit(world, tmp_path, "--repair")
            assert (status, report["repaired"]) == (0, 1)
            assert facts(tmp_path) == sound


async def test_an_unreachable_repo_is_no_difference(tmp_path: Path) -> None:
    """A PDS that is gone is told, and is not taken for a deletion."""
    async with World(3, now) as world:
        populate(world)
        async with indexing(config(tmp_path, world.relay_url, world.plc_url)):
            await until(lambda: cursor(tmp_path) is not None and records(tmp_path) == truth(world))
        await world.pdses[0].host.stop()
        status, report = await audit(world, tmp_path)
        assert (status, report["unreachable"], report["missing"], report["extra"]) == (0, 3, 0, 0)


async def test_an_account_of_which_nothing_came_is_no_difference(tmp_path: Path) -> None:
    """Who is only referred to, and rests, is not shown and so rightly not served."""
    async with World(3, now) as world:
        populate(world)
        world.accounts[0].deactivate()
        await told(tmp_path, world, "backfill", "--start=live")
        status, report = await audit(world, tmp_path)
        assert (report["findings"], report["inSync"], status) == ([], 3, 0)
