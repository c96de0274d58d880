"""The store that cannot be rebuilt: on disk when it is answered, and one process writes it."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from appview import schema
from appview.private import private
from atp.runtime.lock import LockHeld
from atp.syntax import Did
from ops.backup import STORES

ALICE, BOB = Did("did:web:alice.test"), Did("did:web:bob.test")


async def test_what_was_seen_is_kept(tmp_path: Path) -> None:
    """Each account's newest time, over restarts."""
    async with private(tmp_path) as store:
        await store.see(ALICE, 5)
        await store.see(ALICE, 3)
        await store.see(BOB, 1)
        assert (store.seen_at(ALICE), store.seen_at(BOB)) == (5, 1)
    async with private(tmp_path) as store:
        assert store.seen_at(ALICE) == 5
        assert store.seen_at(Did("did:web:carol.test")) is None


async def test_a_write_is_synced(tmp_path: Path) -> None:
    """The disk has it before the caller is told."""
    async with private(tmp_path) as store:
        found = await store._writer.run(lambda conn: int(conn.pragma("synchronous")))
        assert found == 2


async def test_one_process_writes_it(tmp_path: Path) -> None:
    """A second one is refused."""
    async with private(tmp_path):
        with pytest.raises(LockHeld):
            async with private(tmp_path):
                pass


async def test_it_is_in_the_backup(tmp_path: Path) -> None:
    """By its name, with the schema that this version knows."""
    async with private(tmp_path):
        pass
    (kept,) = (store for store in STORES if store.file == schema.FILE)
    conn = apsw.Connection(str(tmp_path / kept.file))
    assert conn.pragma("user_version") == kept.newest
    conn.close()
