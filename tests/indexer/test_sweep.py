"""The sweep: what every stream lost is found, and nothing is called lost that is on its way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from atp.cid import Cid
from atp.runtime.beside import beside
from atp.runtime.http import Client
from atp.runtime.metrics import Registry
from atp.runtime.sqlite import Writer
from atp.sync import RepoState
from atp.syntax import Did
from indexer import schema, service
from indexer.fetch import Fetcher
from indexer.hosts import Hosts
from indexer.metrics import Metrics
from indexer.store import checks, repos
from indexer.store.checks import Checked, Turn
from indexer.sweep import AT_ONCE, MAX_LAG, Pace, Sweeper
from ops.world.account import Account
from ops.world.network import World
from tests.clock import now
from tests.e2e.running import config
from tests.indexer.authors import NAMES, track

QUICK = Pace(everybody=0.01, fastest=0.01, slowest=0.05, host=0.01, grace=0.1)


@dataclass
class Swept:
    """A simulated network, an index of it that no stream reaches, and a sweeper."""

    world: World
    writer: Writer
    registry: Registry
    sweeper: Sweeper
    drifted: list[int]

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the index says."""
        return await self.writer.run(lambda conn: list(conn.execute(query)))

    async def change(self, statement: str, *values: object) -> None:
        """Change the index."""
        await self.writer.run(lambda conn: conn.execute(statement, values).fetchall())

    async def state(self) -> tuple[Any, ...]:
        """State and reason of the only repo."""
        [row] = await self.rows("SELECT state, reason FROM repos")
        return row

    def count(self, found: Checked) -> float:
        """How often the sweep found that."""
        name = f'plyr_indexer_checks_total{{found="{found.value}"}} '
        lines = self.registry.render().decode().splitlines()
        return float(next(line.removeprefix(name) for line in lines if line.startswith(name)))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Sweep until something is true."""
        async with asyncio.timeout(30), beside(self.sweeper.run()):
            while not condition():
                await asyncio.sleep(0.01)

    async def finds(self, found: Checked) -> None:
        """Sweep until a repo was found so once more."""
        before = self.count(found)
        await self.until(lambda: self.count(found) > before)


@asynccontextmanager
async def behind(folder: Path, accounts: int = 1, pace: Pace = QUICK) -> AsyncIterator[Swept]:
    """An index that was filled and hears nothing since, though its stream seems to be well."""
    async with World(5, now) as world:
        for n in range(accounts):
            world.create_account(f"a{n}.test").create(NAMES.track, track())
        settings = config(folder, world.relay_url, world.plc_url)
        await service.fill(settings, [], asyncio.Event(), lambda _: None)
        writer, registry, drifted = (
            Writer(folder / schema.FILE, schema.migrations()),
            Registry(),
            [],
        )
        async with Client(allow_private=True) as http:
            directory = service.directory(settings, http)
            fetcher = Fetcher(http, directory, Hosts(time.monotonic), folder, now)
            sweeper = Sweeper(
                writer,
                fetcher,
                metrics=Metrics(registry),
                clock=now,
                drifted=lambda: drifted.append(1),
                pace=pace,
            )
            swept = Swept(world, writer, registry, sweeper, drifted)
            await swept.change("UPDATE sources SET connected = 1, lag = 0")
            try:
                yield swept
            finally:
                await writer.close()


async def catch_up(swept: Swept, account: Account) -> None:
    """What is on its way comes."""
    head = account.repo.head
    state = RepoState(head.rev, head.data)
    await swept.writer.run(
        lambda conn: repos.put(conn, 1, head=state, reason=None, now=1, commit=head.cid)
    )


async def test_a_repo_that_is_up_to_date_is_in_sync(tmp_path: Path) -> None:
    """What its PDS told is stored, with the tree that was fetched at that commit."""
    async with behind(tmp_path) as swept:
        [account] = swept.world.accounts
        await swept.change("UPDATE repos SET pds_rev = NULL, checked_at = NULL")
        await swept.finds(Checked.IN_SYNC)
        assert await swept.state() == ("synchronized", None)
        [told] = await swept.rows("SELECT pds_rev, pds_cid, pds_data, check_failure FROM repos")
        head = account.repo.head
        assert told == (head.rev, head.cid, head.data, None)
        assert swept.drifted == []


async def test_what_no_stream_brings_is_drift(tmp_path: Path) -> None:
    """The repo is to be fetched, and the gap is kept with the rev at which it began."""
    async with behind(tmp_path) as swept:
        [account] = swept.world.accounts
        old = account.repo.head
        account.create(NAMES.track, track(title="lost"))
        await swept.finds(Checked.DRIFTED)
        assert await swept.state() == ("desynchronized", "behind")
        [gap] = await swept.rows("SELECT gap_reason, gap_rev, rev, pds_rev, pds_data FROM repos")
        assert gap == ("behind", old.rev, old.rev, account.repo.head.rev, None)
        assert swept.drifted == [1]


async def test_what_is_on_its_way_is_none(tmp_path: Path) -> None:
    """The second look is at our head, with the same answer."""
    async with behind(tmp_path, pace=replace(QUICK, grace=3.0)) as swept:
        [account] = swept.world.accounts
        account.create(NAMES.track, track(title="late"))
        sweeping = asyncio.create_task(swept.finds(Checked.IN_SYNC))
        await asyncio.sleep(0.5)  # it has been asked, and waits for the second look
        await catch_up(swept, account)
        account.create(NAMES.track, track(title="later"))
        await sweeping
        assert swept.count(Checked.DRIFTED) == 0
        assert await swept.state() == ("synchronized", None)


async def test_nothing_is_judged_while_the_stream_is_behind(tmp_path: Path) -> None:
    """Neither asked nor, after the first look, called drifted."""
    async with behind(tmp_path) as swept:
        [account] = swept.world.accounts
        account.create(NAMES.track, track(title="late"))
        before = await swept.rows("SELECT checked_at FROM repos")
        for sources in ("connected = 0", f"connected = 1, lag = {MAX_LAG + 1}"):
            await swept.change(f"UPDATE sources SET {sources}")
            until = time.monotonic() + 0.5
            await swept.until(lambda until=until: time.monotonic() > until)  # type: ignore[misc]
        assert await swept.rows("SELECT checked_at FROM repos") == before
        assert await swept.state() == ("synchronized", None)
        await swept.change("UPDATE sources SET lag = 0")
        await swept.finds(Checked.DRIFTED)


async def test_a_second_look_waits_until_the_stream_has_caught_up(tmp_path: Path) -> None:
    """What is still in a backlog is on its way, too."""
    async with behind(tmp_path, pace=replace(QUICK, grace=1.5)) as swept:
        [account] = swept.world.accounts
        account.create(NAMES.track, track(title="late"))
        sweeping = asyncio.create_task(swept.finds(Checked.IN_SYNC))
        while not swept.sweeper._under_way:
            await asyncio.sleep(0.01)
        await swept.change(f"UPDATE sources SET lag = {MAX_LAG + 1}")
        await asyncio.sleep(3.5)
        assert swept.count(Checked.DRIFTED) == 0
        assert await swept.state() == ("synchronized", None)
        await catch_up(swept, account)
        await swept.change("UPDATE sources SET lag = 0")
        await sweeping
        assert swept.count(Checked.DRIFTED) == 0


async def test_a_host_behind_us_is_fine_and_another_commit_at_our_rev_is_not(
    tmp_path: Path,
) -> None:
    """A fork at the same rev is drift, where we know our commit."""
    async with behind(tmp_path) as swept:
        await swept.change("UPDATE repos SET rev = '7zzzzzzzzzzzz'")
        await swept.finds(Checked.IN_SYNC)
        await swept.change("UPDATE repos SET rev = pds_rev, commit_cid = NULL")
        await swept.finds(Checked.IN_SYNC)
        await swept.change("UPDATE repos SET commit_cid = ?", Cid.for_cbor(b"\xa0"))
        await swept.finds(Checked.DRIFTED)
        assert await swept.state() == ("desynchronized", "behind")


async def test_what_a_pds_refuses_is_doubt(tmp_path: Path) -> None:
    """The account's status is asked for; nothing is hidden or shown for it here."""
    async with behind(tmp_path) as swept:
        [account] = swept.world.accounts
        account.takedown()
        await swept.finds(Checked.IN_DOUBT)
        assert await swept.state() == ("synchronized", None)
        assert await swept.rows("SELECT check_failure FROM repos") == [("takendown",)]
        assert await swept.rows("SELECT due_at IS NOT NULL FROM statuses") == [(1,)]
        await swept.change("UPDATE actors SET upstream_active = 0")
        await swept.finds(Checked.IN_SYNC)
        await swept.change("DELETE FROM statuses")
        account.untakedown()
        await swept.finds(Checked.IN_DOUBT)
        assert await swept.rows("SELECT due_at IS NOT NULL FROM statuses") == [(1,)]


async def test_no_answer_changes_nothing(tmp_path: Path) -> None:
    """Law 10; the failure shows, beside what was told before."""
    async with behind(tmp_path) as swept:
        [account] = swept.world.accounts
        await swept.finds(Checked.IN_SYNC)
        await swept.world.pdses[0].host.stop()
        account.create(NAMES.track, track(title="lost"))
        await swept.finds(Checked.UNREACHABLE)
        assert await swept.state() == ("synchronized", None)
        [(failure, rev, ours)] = await swept.rows("SELECT check_failure, pds_rev, rev FROM repos")
        assert (failure, rev) == ("host_unavailable", ours)
        assert await swept.rows("SELECT * FROM statuses WHERE due_at IS NOT NULL") == []


async def test_the_longest_unchecked_comes_first_also_after_a_restart(tmp_path: Path) -> None:
    """Nobody is asked twice before everybody was asked once."""
    async with behind(tmp_path, accounts=6) as swept:
        await swept.change("UPDATE repos SET checked_at = NULL WHERE actor > 1")
        await swept.change("UPDATE repos SET checked_at = 1 WHERE actor = 1")
        turns = await swept.writer.run(lambda conn: checks.longest_ago(conn, 5))
        assert 1 not in {turn.actor for turn in turns}
        for done in range(1, 6):
            await swept.until(lambda done=done: swept.count(Checked.IN_SYNC) >= done)  # type: ignore[misc]
            [(unasked, first)] = await swept.rows(
                "SELECT count(*) FILTER (WHERE checked_at IS NULL),"
                " max(checked_at) FILTER (WHERE actor = 1) FROM repos"
            )
            assert unasked == 0 or first == 1


def paced(hosts: Hosts) -> Sweeper:
    """A sweeper that asks nobody."""
    no: Any = None
    fetcher = Fetcher(no, no, hosts, Path(), now)
    return Sweeper(no, fetcher, metrics=no, clock=now, drifted=lambda: None, pace=Pace())


@pytest.mark.parametrize(
    ("repos_", "seconds"), [(0, 300.0), (1, 300.0), (86_400, 1.0), (300_000, 0.288), (10**7, 0.1)]
)
def test_the_pace_is_even_and_bounded(repos_: int, seconds: float) -> None:
    """A day divided by the number of repos."""
    assert paced(Hosts(lambda: 0.0))._pause(repos_) == pytest.approx(seconds)


def turn(number: int, pds: str | None) -> Turn:
    """A repo of that number."""
    return Turn(number, Did(f"did:plc:{number:024}"), pds)


def test_of_a_host_one_is_asked_at_a_time() -> None:
    """The next in order that are on other hosts go first; nobody is asked twice at once."""
    hosts = Hosts(lambda: 0.0)
    sweeper = paced(hosts)
    a, b, busy = "https://a.test", "https://b.test", "https://busy.test"
    oldest = [turn(1, a), turn(2, busy), turn(3, a), turn(4, None), turn(5, None), turn(6, b)]
    hosts.rests(busy, 60)
    assert [one.actor for one in sweeper._turns(oldest, 10)] == [1, 4, 6]
    assert [one.actor for one in sweeper._turns(oldest, 2)] == [1, 4]
    sweeper._under_way = {1}
    assert [one.actor for one in sweeper._turns(oldest, 10)] == [3, 4, 6]
    sweeper._under_way = set(range(100, 100 + AT_ONCE - 1))
    assert [one.actor for one in sweeper._turns(oldest, 10)] == [1]


async def test_only_complete_repos_have_a_turn(tmp_path: Path) -> None:
    """Others are to be fetched, which tells more."""
    async with behind(tmp_path, accounts=3) as swept:
        await swept.change(
            "UPDATE repos SET state = 'desynchronized', reason = 'gap' WHERE actor = 1"
        )
        turns = await swept.writer.run(lambda conn: checks.longest_ago(conn, 10))
        assert len(turns) == await swept.writer.run(checks.count) == 2
