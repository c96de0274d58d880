"""Viewers at work: whom they follow is read once somebody asks, and kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import apsw
import pytest

from atp.runtime.beside import beside
from atp.runtime.control import ControlError
from atp.runtime.http import Client
from atp.runtime.sqlite import Writer
from atp.syntax import Did
from indexer import read_follows, schema, viewers
from indexer.hosts import Hosts
from indexer.read_follows import Reader
from indexer.route import Router
from indexer.store import follows
from indexer.viewers import Viewers
from ops.world.network import World
from pds_client.identity import Directory
from tests.clock import now
from tests.indexer.authors import NAMES
from tests.indexer.test_read_follows import follow, other


@dataclass
class Work:
    """The worker over a store, and the network that it reads."""

    world: World
    writer: Writer
    viewers: Viewers
    router: Router

    async def follows(self, did: Did) -> tuple[bool, int]:
        """Whether a viewer's follows are all known, and how many are."""

        def look(conn: apsw.Connection) -> tuple[bool, int]:
            row = conn.execute(
                "SELECT read_at IS NOT NULL, count(f.rkey) FROM viewers v"
                " LEFT JOIN follows f ON f.viewer = v.id WHERE did = ? GROUP BY v.id",
                (did,),
            ).fetchone()
            return (bool(row[0]), row[1]) if row else (False, -1)

        return await self.writer.run(look)

    async def until(self, did: Did, *, read: bool, count: int) -> None:
        """Wait until that is what is known."""
        async with asyncio.timeout(20):
            while await self.follows(did) != (read, count):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def working(folder: Path) -> AsyncIterator[Work]:
    """The worker at work."""
    writer = Writer(folder / schema.FILE, schema.migrations())
    async with World(1, now) as world, Client(allow_private=True) as http:
        router = Router(NAMES, ())
        reader = Reader(http, Directory(http, world.plc_url), Hosts(time.monotonic))
        worker = Viewers(writer, reader, router, clock=now, random=Random(1))
        async with beside(worker.run()):
            yield Work(world, writer, worker, router)
    await writer.close()


async def test_a_new_viewer_hears_of_the_first_follows(tmp_path: Path) -> None:
    """The answer comes with the first page; the rest follows; from then on commits are routed."""
    async with working(tmp_path) as work:
        mira = work.world.create_account("mira.test")
        for number in range(250):
            follow(mira, other(number))
        assert await work.viewers.follow({"did": mira.did}) == {"new": True}
        _, count = await work.follows(mira.did)
        assert count >= 100
        await work.until(mira.did, read=True, count=250)
        assert not work.router.watch(mira.did)
        assert await work.viewers.follow({"did": mira.did}) == {"new": False}


async def test_of_few_follows_all_are_awaited(tmp_path: Path) -> None:
    """So that most first timelines are whole."""
    async with working(tmp_path) as work:
        mira = work.world.create_account("mira.test")
        for number in range(50):
            follow(mira, other(number))
        await work.viewers.follow({"did": mira.did})
        assert await work.follows(mira.did) == (True, 50)


async def test_a_pds_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long; once it answers, it is read."""
    monkeypatch.setattr(viewers, "PATIENCE", 0.2)
    async with working(tmp_path) as work:
        mira = work.world.create_account("mira.test")
        follow(mira, other(1))
        work.world.pdses[0].host.stall()
        async with asyncio.timeout(30):
            await work.viewers.follow({"did": mira.did})
        assert await work.follows(mira.did) == (False, 0)
        work.world.pdses[0].host.resume()
        await work.until(mira.did, read=True, count=1)


async def test_a_reading_that_takes_too_long_fails_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stalled PDS holds no place for ever."""
    monkeypatch.setattr(viewers, "READING", 0.1)
    monkeypatch.setattr(viewers, "FIRST_WAIT", 100_000)
    async with working(tmp_path) as work:
        mira = work.world.create_account("mira.test")
        follow(mira, other(1))
        work.world.pdses[0].host.stall()
        await work.viewers.follow({"did": mira.did})
        attempts = "SELECT attempts FROM viewers"
        async with asyncio.timeout(20):
            while await work.writer.run(lambda conn: conn.execute(attempts).get) < 2:
                await asyncio.sleep(0.01)
        monkeypatch.setattr(viewers, "READING", 20.0)
        work.world.pdses[0].host.resume()
        await work.until(mira.did, read=True, count=1)
        assert await work.writer.run(lambda conn: conn.execute(attempts).get) == 0


async def test_a_refusal_is_an_answer_to_who_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The viewer stays, to be read later, and holds up nobody."""
    monkeypatch.setattr(viewers, "PATIENCE", 600.0)
    async with working(tmp_path) as work:
        mira = work.world.create_account("mira.test")
        mira.deactivate()
        async with asyncio.timeout(30):
            await work.viewers.follow({"did": mira.did})
        assert await work.follows(mira.did) == (False, 0)
        mira.activate()
        ada = work.world.create_account("ada.test")
        follow(ada, other(1))
        await work.viewers.follow({"did": ada.did})
        await work.until(ada.did, read=True, count=1)


async def test_a_crowd_at_one_host_takes_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody fails for it, and who waits for the first follows goes on waiting."""
    monkeypatch.setattr(read_follows, "PER_HOST", 1)
    monkeypatch.setattr(read_follows, "SOON", 0.02)
    monkeypatch.setattr(viewers, "PATIENCE", 60.0)
    async with working(tmp_path) as work:
        crowd = [work.world.create_account(f"fan{number}.test") for number in range(8)]
        for fan in crowd:
            follow(fan, other(1))
        await asyncio.gather(*(work.viewers.follow({"did": fan.did}) for fan in crowd))
        for fan in crowd:
            assert await work.follows(fan.did) == (True, 1)
        failed = "SELECT count(*) FROM viewers WHERE failure IS NOT NULL"
        assert await work.writer.run(lambda conn: conn.execute(failed).get) == 0


async def test_who_does_not_exist_is_forgotten(tmp_path: Path) -> None:
    """No row is kept for it, and nothing of it is routed."""
    nobody = Did.parse("did:plc:" + "z" * 24)
    async with working(tmp_path) as work:
        await work.viewers.follow({"did": nobody})
        await work.until(nobody, read=False, count=-1)
        assert work.router.watch(nobody)


async def test_who_does_not_ask_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time for which viewers are kept."""
    async with working(tmp_path) as work:
        mira, ada = (work.world.create_account(name) for name in ("mira.test", "ada.test"))
        follow(mira, other(1))
        await work.viewers.follow({"did": mira.did})
        await work.until(mira.did, read=True, count=1)
        month = now() + viewers.KEPT + 1
        monkeypatch.setattr(work.viewers, "_clock", lambda: month)
        await work.viewers.follow({"did": ada.did})
        await work.until(mira.did, read=False, count=-1)
        assert await work.writer.run(lambda conn: list(follows.viewers(conn))) == [ada.did]
        assert work.router.watch(mira.did)


@pytest.mark.parametrize("args", [{}, {"did": None}, {"did": "mira.test"}])
async def test_what_is_no_account_is_refused(tmp_path: Path, args: dict[str, object]) -> None:
    """By name."""
    async with working(tmp_path) as work:
        with pytest.raises(ControlError, match="InvalidRequest"):
            await work.viewers.follow(args)
