"""The worker that asks about accounts: what is told is confirmed, and nothing is forgotten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import apsw
import pytest

from atp.frames import AccountMsg
from atp.runtime.beside import beside
from atp.runtime.http import Client
from atp.runtime.metrics import Registry
from atp.runtime.sqlite import Writer
from atp.sync import VerifiedCommit
from atp.syntax import Did
from indexer import ask, schema, statuses
from indexer.apply import Applier
from indexer.ask import Asker
from indexer.hosting import Answer, Reply
from indexer.hosts import PER_HOST, Hosts
from indexer.metrics import Metrics
from indexer.statuses import Statuses
from indexer.store.statuses import doubt
from lexicons.catalog import Catalog
from tests.clock import now
from tests.indexer.authors import NAMES, SOURCE, Author
from tests.indexer.status_servers import Servers, says, serving, stalling


@dataclass
class Work:
    """The worker over a store with some accounts of which commits have come."""

    writer: Writer
    statuses: Statuses
    applier: Applier
    registry: Registry
    returned: asyncio.Event

    async def tell(self, author: Author, *, active: bool, status: str | None = None) -> None:
        """An event."""
        event = author.account(active=active, status=status, time="2999-01-01T00:00:00Z")
        await self.writer.run(partial(apply, self.applier, event))
        self.statuses.wake()

    async def until(self, author: Author, **columns: object) -> None:
        """Wait until an account's row says this."""

        def agrees(conn: apsw.Connection) -> bool:
            found = conn.execute(
                "SELECT upstream_active, upstream_status, answer, purged FROM actors a"
                " LEFT JOIN statuses s ON s.actor = a.id WHERE did = ?",
                (author.did,),
            ).fetchone()
            names = ("active", "status", "answer", "purged")
            return columns.items() <= dict(zip(names, found or (), strict=False)).items()

        async with asyncio.timeout(20):
            while not await self.writer.run(agrees):
                await asyncio.sleep(0.01)


def apply(applier: Applier, event: VerifiedCommit | AccountMsg, conn: apsw.Connection) -> None:
    """Apply an event."""
    applier.apply(conn, event, now(), SOURCE)


@asynccontextmanager
async def working(folder: Path, servers: Servers, *authors: Author) -> AsyncIterator[Work]:
    """The worker at work; ``authors`` have a track each, unless they had before."""
    writer = Writer(folder / schema.FILE, schema.migrations())
    registry, returned = Registry(), asyncio.Event()
    applier = Applier(NAMES, Catalog.load())
    for author in authors:
        commit = author.commit(author.track())
        await writer.run(partial(apply, applier, commit))
    async with Client(allow_private=True) as http:
        worker = Statuses(
            writer,
            Asker(http, servers.plc.url, Hosts(time.monotonic)),
            NAMES,
            metrics=Metrics(registry),
            clock=now,
            returned=returned.set,
            random=Random(1),
        )
        try:
            async with beside(worker.run()):
                yield Work(writer, worker, applier, registry, returned)
        finally:
            await writer.close()


async def test_what_is_told_is_confirmed_and_applied(tmp_path: Path) -> None:
    """Hidden, shown again, purged: each as the PDS says, counted, and the return told."""
    async with serving() as servers:
        mira = Author(0)
        servers.at(mira)
        async with working(tmp_path, servers, mira) as work:
            servers.status = says(active=False, status="deactivated")
            await work.tell(mira, active=False, status="takendown")
            await work.until(mira, active=0, status="deactivated")
            assert not work.returned.is_set()
            servers.status = says(active=True)
            await work.tell(mira, active=True)
            await work.until(mira, active=1, status=None)
            await work.returned.wait()
            servers.status = says(400, error="RepoNotFound")
            await work.tell(mira, active=False, status="deleted")
            await work.until(mira, active=0, status="deleted", purged=1)
            page = work.registry.render().decode()
            for answer in ("active", "inactive", "not_found"):
                assert f'status_questions_total{{answer="{answer}"}} 1.0' in page


async def test_a_lie_of_a_relay_hides_nobody(tmp_path: Path) -> None:
    """The PDS says active."""
    async with serving() as servers:
        mira = Author(0)
        servers.at(mira)
        servers.status = says(active=True)
        async with working(tmp_path, servers, mira) as work:
            await work.tell(mira, active=False, status="deleted")
            await work.until(mira, active=1, answer="active", purged=0)


class Counting(Asker):
    """Keeps every question waiting until it is let go, and counts."""

    def __init__(self, asker: Asker) -> None:
        self.__dict__ = asker.__dict__
        self.questions: list[Did] = []
        self.go = asyncio.Event()

    async def ask(self, did: Did) -> Reply:
        """Wait."""
        self.questions.append(did)
        await self.go.wait()
        return Reply(Answer.INACTIVE, "suspended")


async def test_questions_are_bounded_and_none_is_asked_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those under way are not due again, and no more than so many are under way."""
    monkeypatch.setattr(statuses, "AT_ONCE", 3)
    monkeypatch.setattr(statuses, "PAUSE", 0.001)
    async with serving() as servers:
        authors = [Author(n) for n in range(5)]
        async with working(tmp_path, servers, *authors) as work:
            counting = work.statuses._asker = Counting(work.statuses._asker)
            for author in authors:
                await work.tell(author, active=False)
            async with asyncio.timeout(10):
                while len(counting.questions) < 3:
                    await asyncio.sleep(0.01)
            for _ in range(20):
                work.statuses.wake()
                await asyncio.sleep(0.01)
            assert len(set(counting.questions)) == len(counting.questions) == 3
            counting.go.set()
            for author in authors:
                await work.until(author, active=0, status="suspended")
            assert len(counting.questions) == 5


async def test_a_question_outlives_the_process(tmp_path: Path) -> None:
    """One that was under way when the process ended is asked again by the next."""
    async with serving() as servers:
        mira = Author(0)
        servers.at(mira)
        servers.status = stalling
        async with working(tmp_path, servers, mira) as work:
            await work.tell(mira, active=False, status="takendown")
            async with asyncio.timeout(10):
                while not servers.asked:
                    await asyncio.sleep(0.01)
        servers.status = says(active=False, status="takendown")
        async with working(tmp_path, servers) as work:
            await work.until(mira, active=0, status="takendown")


async def test_a_stalling_host_holds_up_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many accounts on a dead host, and one on another: that one is hidden meanwhile."""
    monkeypatch.setattr(ask, "PATIENCE", 60.0)
    async with serving() as dead, serving() as servers:
        stuck, mira = [Author(n) for n in range(1, 20)], Author(0)
        dead.status = stalling
        for author in stuck:
            servers.at(author, dead.pds.url)
        servers.at(mira)
        servers.status = says(active=False, status="suspended")
        async with working(tmp_path, servers, *stuck, mira) as work:
            for author in stuck:
                await work.tell(author, active=False)
            await work.tell(mira, active=False)
            await work.until(mira, active=0, status="suspended")
            assert len(dead.asked) == PER_HOST


async def test_who_is_in_doubt_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was told, nobody woke the worker, and the PDS does not know the account."""
    monkeypatch.setattr(statuses, "IDLE", 0.05)
    async with serving() as servers:
        mira = Author(0)
        servers.at(mira)
        servers.status = says(400, error="RepoNotFound")
        async with working(tmp_path, servers, mira) as work:
            await work.writer.run(lambda conn: doubt(conn, 1, now()))
            await work.until(mira, active=0, status="not_found", purged=0)
