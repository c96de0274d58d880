"""The oracle is content with a right index, and with no other."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

from atp.runtime import sqlite
from indexer import schema
from ops.world.network import World
from tests.clock import now
from tests.e2e.running import indexing, until
from tests.simulator.history import Act, Change, Kind, Write
from tests.simulator.indexers import settings
from tests.simulator.oracle import differences
from tests.simulator.player import Player

WRONG = (
    "UPDATE records SET cid = zeroblob(36) WHERE state = 'valid'",
    "UPDATE records SET state = 'invalid' WHERE state = 'valid'",
    "UPDATE records SET state = 'deleted', cid = NULL, value = NULL WHERE state = 'invalid'",
    "UPDATE counters SET likes = likes + 1",
    "UPDATE actors SET handle = 'handle.invalid'",
    "UPDATE actors SET upstream_active = 1",
    "UPDATE actors SET upstream_status = 'elsewhere' WHERE NOT upstream_active",
    "UPDATE actors SET seconds = seconds + 1 WHERE tracks > 0",
    "UPDATE list_items SET position = -position",
    "DELETE FROM comments",
)


async def test_every_kind_of_error_is_seen(tmp_path: Path) -> None:
    """One statement that makes the index wrong, each on a copy of a right one."""
    right = tmp_path / "right"
    async with World(3, now, pdses=2) as world:
        for number in range(2):
            world.create_account(f"user{number}.test", number)
        player = Player(world, now, 3)
        kinds: tuple[Kind, ...] = ("track", "like", "comment", "list", "profile", "bsky", "track")
        for who in range(2):
            changes = [Change(False, kind, n, 12 * n, True) for n, kind in enumerate(kinds)]
            player.write(Write(who, (*changes, Change(False, "track", 3, 0, False))))
        told = settings(right, world.relay_urls, world.plc_url, world.pds_urls)
        async with indexing(told):
            await until((right / "index.db.sock").exists)
            await until(lambda: differences(world, right, told=True) == [])
            player.act(Act(1, "deactivate"))
            await until(lambda: differences(world, right, told=True) == [])
    for number, statement in enumerate(WRONG):
        copy = copytree(right, tmp_path / str(number))
        conn = sqlite.connect(copy / schema.FILE)
        conn.execute(statement)
        assert conn.changes(), statement
        conn.close()
        try:
            seen = differences(world, copy, told=True)
        except AssertionError:  # its counters differ from its own recount
            continue
        assert seen, statement
