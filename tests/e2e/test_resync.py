"""Whatever happened on the way, the index becomes what the network has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from atp.frames import CommitMsg
from indexer import resync
from lexicons.names import Names
from ops.world.account import Account, RecordRef
from ops.world.faults import Strike, drop
from ops.world.network import World
from tests.clock import now
from tests.e2e.running import config, facts, held, indexing, opened, truth, until
from tests.indexer.authors import comment, like, playlist, track

NAMES = Names()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon."""
    monkeypatch.setattr(resync, "FIRST_WAIT", 100_000)
    monkeypatch.setattr(resync, "SOON", 10_000)
    monkeypatch.setattr(resync, "PAUSE", 0.01)


@asynccontextmanager
async def network(**more: Any) -> AsyncIterator[World]:
    """A world on the clock of the machine."""
    async with World(11, now, **more) as world:
        yield world


@asynccontextmanager
async def running(world: World, folder: Path, stream: str | None = None) -> AsyncIterator[None]:
    """An indexer on the world's relay, with its index there to look at."""
    settings = config(folder, stream or world.relay_url, world.plc_url)
    async with indexing(settings):
        await until((folder / "index.db.sock").exists)
        yield


def states(folder: Path) -> set[tuple[str, str | None]]:
    """The states that repos are in."""
    with opened(folder) as conn:
        return set(conn.execute("SELECT state, reason FROM repos").fetchall())  # type: ignore[arg-type]


def failures(folder: Path) -> set[str]:
    """What fetches have failed of."""
    with opened(folder) as conn:
        return {
            str(failure)
            for (failure,) in conn.execute("SELECT failure FROM repos WHERE failure IS NOT NULL")
        }


async def healed(world: World, folder: Path) -> None:
    """Wait until the index has all of it and knows so."""
    await until(lambda: held(folder) == truth(world) and states(folder) == {("synchronized", None)})


def publish(artist: Account) -> list[RecordRef]:
    """Three tracks, an update and a deletion among them."""
    made = [artist.create(NAMES.track, track(title=f"side {n}")) for n in range(4)]
    artist.update(NAMES.track, made[1].rkey, track(title="remastered"))
    artist.delete(NAMES.track, made[3].rkey)
    return made[:3]


async def test_what_was_missed_is_fetched_and_what_is_gone_deleted(tmp_path: Path) -> None:
    """A gap beyond the relay's window heals: creates, updates and deletions, told as repairs."""
    async with network(window=5) as world:
        artist, fan = world.create_account("mira.test"), world.create_account("fan.test")
        async with running(world, tmp_path):
            tracks = publish(artist)
            liked = fan.create(NAMES.like, like(tracks[0].to_json()))
            fan.create(NAMES.list, playlist([one.to_json() for one in tracks]))
            await healed(world, tmp_path)
        fan.delete(NAMES.like, liked.rkey)
        fan.create(NAMES.comment, comment(tracks[1].to_json()))
        artist.delete(NAMES.track, tracks[0].rkey)
        artist.update(NAMES.track, tracks[2].rkey, track(title="changed while nobody looked"))
        for n in range(10):
            artist.create(NAMES.track, track(title=f"later {n}"))
            fan.create("app.bsky.feed.post", {"text": "noise"})
        async with running(world, tmp_path):
            await healed(world, tmp_path)
        with opened(tmp_path) as conn:
            repairs = conn.execute(
                "SELECT count(*) FROM event WHERE kind = 'delete' AND instr(payload, 'repair')"
            ).get
        assert repairs == 2


async def test_who_was_never_seen_is_found(tmp_path: Path) -> None:
    """Accounts from before the window are found by collection, a listener who only likes as well."""
    async with network(window=1) as world:
        artist, fan = world.create_account("mira.test"), world.create_account("fan.test")
        stranger = world.create_account("stranger.test")
        stranger.create("app.bsky.feed.post", {"text": "noise"})
        fan.create(NAMES.like, like(publish(artist)[0].to_json()))
        stranger.create("app.bsky.feed.post", {"text": "noise"})
        async with running(world, tmp_path):
            await healed(world, tmp_path)
        with opened(tmp_path) as conn:
            followed = conn.execute(
                "SELECT a.did FROM repos r JOIN actors a ON a.id = r.actor ORDER BY a.did"
            ).fetchall()
        assert [did for (did,) in followed] == sorted([artist.did, fan.did])


async def test_a_small_host_without_lists_by_collection_is_asked_for_all(tmp_path: Path) -> None:
    """A PDS is a source: its repos are listed, and only those with records of ours fetched."""
    async with network(window=1) as world:
        artist, stranger = world.create_account("mira.test"), world.create_account("b.test")
        publish(artist)
        stranger.create("app.bsky.feed.post", {"text": "noise"})
        pds = world.pds_urls[0]
        async with running(world, tmp_path, pds.replace("http", "ws", 1)):
            await healed(world, tmp_path)
            await until(lambda: len(facts(tmp_path)) > 0)


async def test_a_lost_commit_heals_while_live_commits_flow(tmp_path: Path) -> None:
    """The fetch races with commits of the same repo and wins or tries again."""
    async with network() as world:
        artist = world.create_account("mira.test")
        async with running(world, tmp_path):
            publish(artist)
            await healed(world, tmp_path)
            for n in range(6):
                world.relay.afflict(Strike(drop, lambda message: isinstance(message, CommitMsg)))
                lost = artist.create(NAMES.track, track(title=f"lost {n}"))
                world.relay.heal()
                for more in range(5):
                    kept = artist.create(NAMES.track, track(title=f"live {n} {more}"))
                    await asyncio.sleep(0.01)
                artist.delete(NAMES.track, (lost if n % 2 else kept).rkey)
            await healed(world, tmp_path)


async def test_an_announced_state_is_fetched(tmp_path: Path) -> None:
    """`#sync` with a state that we do not have heals."""
    async with network() as world:
        artist = world.create_account("mira.test")
        async with running(world, tmp_path):
            publish(artist)
            await healed(world, tmp_path)
            world.relay.afflict(Strike(drop, lambda message: isinstance(message, CommitMsg)))
            artist.create(NAMES.track, track(title="lost"))
            world.relay.heal()
            artist.emit_sync()
            await healed(world, tmp_path)


async def test_a_hidden_account_keeps_what_it_has_until_it_is_back(tmp_path: Path) -> None:
    """What a PDS refuses to give changes nothing; the account heals when it is shown again."""
    async with network() as world:
        artist = world.create_account("mira.test")
        async with running(world, tmp_path):
            publish(artist)
            await healed(world, tmp_path)
            before = held(tmp_path)
            world.relay.afflict(Strike(drop, lambda _: True))
            artist.create(NAMES.track, track(title="lost"))
            artist.takedown()
            world.relay.heal()
            artist.emit_sync()
            await until(lambda: failures(tmp_path) == {"takendown"})
            assert held(tmp_path) == before
            artist.untakedown()
            await healed(world, tmp_path)


async def test_a_restart_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    """A repo that was being fetched when the process ended is fetched again."""
    async with network(window=1) as world:
        artist = world.create_account("mira.test")
        publish(artist)
        world.pdses[0].host.stall()
        async with running(world, tmp_path):
            await until(lambda: {state for state, _ in states(tmp_path)} == {"in_progress"})
        world.pdses[0].host.resume()
        async with running(world, tmp_path):
            await healed(world, tmp_path)


async def test_a_dead_host_harms_no_other(tmp_path: Path) -> None:
    """Repos of a host that stalls wait; those of another heal at once."""
    async with network(window=1, pdses=2) as world:
        for n in range(30):
            publish(world.create_account(f"dead{n}.test", pds=0))
        lively = world.create_account("lively.test", pds=1)
        publish(lively)
        world.pdses[0].host.stall()
        ours = {uri: cid for uri, cid in truth(world).items() if lively.did in uri}
        async with asyncio.timeout(8):
            async with running(world, tmp_path):
                await until(lambda: held(tmp_path) == ours)
        world.pdses[0].host.resume()


async def test_a_moved_account_is_fetched_from_its_new_home(tmp_path: Path) -> None:
    """A key that has changed since the document was cached is looked up again."""
    async with network() as world:
        artist = world.create_account("mira.test")
        async with running(world, tmp_path):
            publish(artist)
            await healed(world, tmp_path)
            world.relay.afflict(Strike(drop, lambda _: True))
            artist.rotate_key()
            artist.create(NAMES.track, track(title="under a new key"))
            world.relay.heal()
            artist.emit_sync()
            await healed(world, tmp_path)
