"""Who is shown follows the PDS of the account, whatever relays and other hosts tell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from indexer import ask, hosting, hosts, resync, statuses
from lexicons.names import Names
from ops.world.account import Account
from ops.world.faults import Strike, drop
from ops.world.network import World
from tests.clock import now
from tests.e2e.running import config, facts, indexing, opened, until
from tests.indexer.authors import comment, like, playlist, track

NAMES = Names()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon."""
    monkeypatch.setattr(hosting, "FIRST_WAIT", 100_000)
    monkeypatch.setattr(hosts, "REST", 0.05)
    monkeypatch.setattr(statuses, "IDLE", 0.1)
    monkeypatch.setattr(resync, "FIRST_WAIT", 100_000)


@asynccontextmanager
async def running(world: World, folder: Path) -> AsyncIterator[None]:
    """An indexer on the world's relay."""
    async with indexing(config(folder, world.relay_url, world.plc_url)):
        await until((folder / "index.db.sock").exists)
        yield


def populate(world: World) -> tuple[Account, Account]:
    """An artist, and a fan who gives the artist's tracks all that can be given."""
    artist, fan = world.create_account("mira.test"), world.create_account("fan.test")
    made = [artist.create(NAMES.track, track(title=f"t{n}")).to_json() for n in range(3)]
    for subject in made:
        fan.create(NAMES.like, like(subject))
        artist.create(NAMES.like, like(subject))
        fan.create(NAMES.comment, comment(subject))
    fan.create(NAMES.list, playlist(made))
    fan.create(NAMES.track, track(title="mine"))
    return artist, fan


def row(folder: Path, account: Account) -> dict[str, Any]:
    """What the index says of an account's status, and why."""
    columns = "active, upstream_status, told_status, answer, answered_by, purged, settled"
    with opened(folder) as conn:
        found = conn.execute(
            f"SELECT {columns} FROM actors a LEFT JOIN statuses s ON s.actor = a.id WHERE did = ?",
            (account.did,),
        ).fetchone()
    return dict(zip(columns.split(", "), found or (), strict=False))


def says(folder: Path, account: Account, **columns: object) -> Callable[[], bool]:
    """Whether the index says this of an account."""
    return lambda: columns.items() <= row(folder, account).items()


def whole(folder: Path) -> bool:
    """Whether every record of `populate` is there, and its repos are complete."""
    with opened(folder) as conn:
        held = conn.execute("SELECT count(*) FROM records WHERE state = 'valid'").get
        odd = conn.execute("SELECT count(*) FROM repos WHERE state <> 'synchronized'").get
    return (held, odd) == (14, 0)


def given(folder: Path) -> list[tuple[object, ...]]:
    """The counters of what is referred to."""
    return [fact for fact in facts(folder) if fact[0] == "counters"]


def is_hidden(folder: Path, account: Account) -> bool:
    """Whether nothing of an account is shown."""
    records = [fact for fact in facts(folder) if fact[0] == "record"]
    return not any(fact[5] for fact in records if account.did in str(fact[1]))


async def test_a_takedown_of_the_relay_alone_hides_nobody(tmp_path: Path) -> None:
    """The relay says takendown and sends no more; the PDS says active."""
    async with World(5, now) as world:
        _, fan = populate(world)
        async with running(world, tmp_path):
            await until(lambda: whole(tmp_path))
            before = facts(tmp_path)
            world.relay.takedown(fan.did, now())
            await until(says(tmp_path, fan, told_status="takendown", answer="active", settled=1))
            assert facts(tmp_path) == before


@pytest.mark.parametrize(
    ("away", "back", "status"),
    [
        (Account.deactivate, Account.activate, "deactivated"),
        (Account.takedown, Account.untakedown, "takendown"),
        (Account.suspend, Account.unsuspend, "suspended"),
    ],
)
async def test_what_is_hidden_comes_back_exactly(
    tmp_path: Path,
    away: Callable[[Account], None],
    back: Callable[[Account], None],
    status: str,
) -> None:
    """Records, counters and lists are as before, twice."""
    async with World(5, now) as world:
        _, fan = populate(world)
        async with running(world, tmp_path):
            await until(lambda: whole(tmp_path))
            before = facts(tmp_path)
            for _ in range(2):
                away(fan)
                await until(says(tmp_path, fan, active=0, upstream_status=status))
                assert is_hidden(tmp_path, fan)
                assert given(tmp_path) != [fact for fact in before if fact[0] == "counters"]
                back(fan)
                await until(says(tmp_path, fan, active=1, upstream_status=None))
            assert facts(tmp_path) == before


@pytest.mark.parametrize("leave", [Account.delete_account, Account.tombstone])
async def test_a_deletion_purges(tmp_path: Path, leave: Callable[[Account], None]) -> None:
    """The PDS knows the account no more, or the DID is no more."""
    async with World(5, now) as world:
        artist, fan = populate(world)
        async with running(world, tmp_path):
            await until(lambda: whole(tmp_path))
            leave(fan)
            await until(says(tmp_path, fan, active=0, upstream_status="deleted", purged=1))
        left = [fact for fact in facts(tmp_path) if fact[0] == "record"]
        assert left
        assert all(artist.did in str(fact[1]) for fact in left)


async def test_a_pds_that_is_silent_contradicts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told deactivated stays shown, what is told deleted hides; both are settled later."""
    monkeypatch.setattr(ask, "PATIENCE", 0.3)
    async with World(5, now) as world:
        artist, fan = populate(world)
        async with running(world, tmp_path):
            await until(lambda: whole(tmp_path))
            world.pdses[0].host.stall()
            artist.deactivate()
            fan.delete_account()
            await until(says(tmp_path, artist, answer="host_unavailable"))
            await until(says(tmp_path, fan, active=0, answer="host_unavailable"))
            assert not is_hidden(tmp_path, artist)
            assert is_hidden(tmp_path, fan)
            with opened(tmp_path) as conn:
                assert conn.execute("SELECT count(*) FROM records WHERE value NOTNULL").get == 14
        async with running(world, tmp_path):
            world.pdses[0].host.resume()
            await until(says(tmp_path, artist, active=0, upstream_status="deactivated"))
            await until(says(tmp_path, fan, active=0, purged=1))


async def test_the_pds_that_was_left_is_not_asked(tmp_path: Path) -> None:
    """An account that has moved stays shown, though its old PDS says deactivated last."""
    async with World(5, now, pdses=2) as world:
        _, fan = populate(world)
        world.relay.credulous = True
        async with running(world, tmp_path):
            await until(lambda: whole(tmp_path))
            before = facts(tmp_path)
            world.migrate(fan, 1)
            pds = world.pds_urls[1]
            await until(
                says(
                    tmp_path,
                    fan,
                    told_status="deactivated",
                    answer="active",
                    answered_by=pds,
                    settled=1,
                )
            )
            await until(lambda: whole(tmp_path))
            assert facts(tmp_path) == before


async def test_a_status_that_was_missed_is_found_in_doubt(tmp_path: Path) -> None:
    """The PDS refuses the repo: nothing was told, and the account is asked about."""
    async with World(5, now) as world:
        _, fan = populate(world)
        async with running(world, tmp_path):
            await until(lambda: whole(tmp_path))
            before = facts(tmp_path)
            world.relay.afflict(Strike(drop, lambda _: True))
            lost = fan.create(NAMES.track, track(title="lost"))
            fan.takedown()
            world.relay.heal()
            fan.emit_sync()
            await until(says(tmp_path, fan, active=0, told_status=None, answer="inactive"))
            fan.untakedown()
            await until(says(tmp_path, fan, active=1))
            fan.delete(NAMES.track, lost.rkey)
            await until(lambda: whole(tmp_path) and facts(tmp_path) == before)
