"""Several sources at once: each commit once, failover, and none is blind without being found out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from atp import cbor
from atp.frames import CommitMsg
from atp.runtime import control
from atp.runtime.beside import beside
from indexer import consume, eye, schema, watch, write
from lexicons.names import Names
from ops.world.account import Account
from ops.world.events import Message
from ops.world.faults import Strike, drop
from ops.world.network import World
from tests.clock import now
from tests.e2e.between import between
from tests.e2e.running import PATIENCE, config, held, indexing, opened, truth, until
from tests.indexer.authors import Author, track

NAMES = Names()
OURS = NAMES.namespace.encode() + b"."


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds in the place of minutes."""
    monkeypatch.setattr(consume, "backoff", lambda _attempt, _random: 0.1)
    monkeypatch.setattr(eye, "GRACE", eye.SECOND)
    monkeypatch.setattr(eye, "FIRST_WAIT", eye.SECOND)
    monkeypatch.setattr(watch, "LOOK", 0.2)
    monkeypatch.setattr(write, "BEAT", 0.2)


@asynccontextmanager
async def running(world: World, folder: Path, *streams: str) -> AsyncIterator[None]:
    """An indexer on these streams."""
    settings = replace(config(folder, streams[0], world.plc_url), relays=streams)
    async with indexing(settings):
        await until((folder / "index.db.sock").exists)
        yield


@asynccontextmanager
async def traffic(world: World) -> AsyncIterator[None]:
    """Somebody on the first PDS posts all the time, and it is nothing of ours."""
    someone = world.create_account("someone.test")

    async def post() -> None:
        while True:
            someone.create("app.bsky.feed.post", {"text": "noise"})
            await asyncio.sleep(0.1)

    async with beside(post()):
        yield


def publish(artist: Account, *titles: str) -> list[str]:
    """Tracks, each in a commit of its own; their URIs."""
    return [str(artist.create(NAMES.track, track(title=title)).uri) for title in titles]


def told(folder: Path) -> list[tuple[str, bool]]:
    """Every record written, as the log tells it: its URI, and whether it was a repair."""
    with opened(folder) as conn:
        payloads = [row[0] for row in conn.execute("SELECT payload FROM event ORDER BY seq")]
    entries = [cbor.decode_map(payload) for payload in payloads]
    return [(str(one["uri"]), "repair" in one) for one in entries if "uri" in one]


async def status(folder: Path, stream: str) -> dict[str, Any]:
    """What the indexer says of a source."""
    found = await control.request(folder / schema.FILE, "status", {})
    sources: Sequence[dict[str, Any]] = found["sources"]
    return next(one for one in sources if one["url"] == stream)


def agreed(folder: Path) -> bool:
    """Whether every source is watched, and has agreed with another."""
    with opened(folder) as conn:
        return bool(conn.execute("SELECT min(agreed_seq IS NOT NULL) FROM sources").get)


async def until_agreed(folder: Path, artist: Account) -> None:
    """Publish until every source has been seen to deliver it."""
    publish(artist, "seen by all")
    await until(lambda: agreed(folder))


async def until_blind(folder: Path, artist: Account, stream: str) -> None:
    """Publish until a source is found to miss it."""
    for _ in range(100):
        publish(artist, "unseen")
        await asyncio.sleep(0.3)
        if (await status(folder, stream))["blind_since"] is not None:
            return
    raise AssertionError("not found out")


async def sees(folder: Path, stream: str) -> dict[str, Any]:
    """Wait until a source is not blind, and its window has been replayed."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await status(folder, stream)
            if found["blind_since"] is None:
                return found
            await asyncio.sleep(0.1)


def is_ours(message: Message) -> bool:
    """Whether a commit has an operation in our namespace."""
    return isinstance(message, CommitMsg) and any(
        op.collection in NAMES.collections for op in message.ops
    )


async def test_of_two_relays_and_a_pds_each_commit_is_applied_once(tmp_path: Path) -> None:
    """Whoever delivers first, the log tells each write once."""
    async with World(21, now, relays=2) as world:
        pds = f"ws://{world.pdses[0].host.name}"
        artist = world.create_account("mira.test")
        async with running(world, tmp_path, *world.relay_urls, pds):
            publish(artist, *"abcdefgh")
            await until(lambda: held(tmp_path) == truth(world))
            await until(lambda: cursors(tmp_path) == dict.fromkeys([*world.relay_urls, pds], 12))
        assert set(Counter(told(tmp_path)).values()) == {1}


def cursors(folder: Path) -> dict[str, int]:
    """Where each source stands."""
    with opened(folder) as conn:
        return dict(conn.execute("SELECT url, cursor FROM sources").fetchall())  # type: ignore[arg-type]


async def test_when_one_dies_another_carries_on(tmp_path: Path) -> None:
    """What comes meanwhile is in the index; the one that died returns to its own cursor."""
    async with World(22, now, relays=2) as world, between(world.relay_urls[0]) as mortal:
        artist = world.create_account("mira.test")
        other = world.relay_urls[1]
        async with running(world, tmp_path, mortal.stream, other):
            publish(artist, "a", "b")
            await until(lambda: cursors(tmp_path) == {mortal.stream: 6, other: 6})
            await mortal.go_down()
            publish(artist, "c", "d", "e", "f")
            await until(lambda: held(tmp_path) == truth(world))
            assert not (await status(tmp_path, mortal.stream))["connected"]
            mortal.up = True
            await until(lambda: cursors(tmp_path) == {mortal.stream: 10, other: 10})
            assert mortal.cursors[-1] == "6"
            assert (await status(tmp_path, mortal.stream))["blind_since"] is None
        assert set(Counter(told(tmp_path)).values()) == {1}


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_blind_source_is_rewound_to_where_it_went_blind(
    tmp_path: Path, restarts: bool
) -> None:
    """What only the blind relay could have delivered is in the index, and by no repair."""
    async with World(23, now, pdses=2) as world, between(world.relay_url) as relay:
        pds = f"ws://{world.pdses[0].host.name}"
        near, far = world.create_account("near.test"), world.create_account("far.test", 1)
        async with traffic(world):
            async with running(world, tmp_path, relay.stream, pds):
                await until_agreed(tmp_path, near)
                publish(far, "seen by the relay")
                await until(lambda: held(tmp_path) == truth(world) and complete(tmp_path))
                relay.passes = lambda frame: OURS not in frame
                [hidden] = publish(far, "behind the wall")
                await until_blind(tmp_path, near, relay.stream)
                assert (await status(tmp_path, pds))["blind_since"] is None
                await until(lambda: len(relay.cursors) > 1)
                assert hidden not in held(tmp_path)
                if not restarts:
                    relay.passes = lambda _frame: True
                    await until(lambda: held(tmp_path) == truth(world))
                    await sees(tmp_path, relay.stream)
            if restarts:
                relay.passes = lambda _frame: True
                async with running(world, tmp_path, relay.stream, pds):
                    await until(lambda: held(tmp_path) == truth(world))
                    await sees(tmp_path, relay.stream)
        assert Counter(told(tmp_path))[hidden, False] == 1


def complete(folder: Path) -> bool:
    """Whether every repo is known to be complete."""
    with opened(folder) as conn:
        return bool(conn.execute("SELECT min(state = 'synchronized') FROM repos").get)


async def test_a_relay_that_lost_events_for_good_sees_again(tmp_path: Path) -> None:
    """Replays cannot bring what it never had; its next commits show that it sees."""
    async with World(24, now, relays=2) as world:
        artist = world.create_account("mira.test")
        lossy, other = world.relay_urls
        async with traffic(world), running(world, tmp_path, lossy, other):
            await until_agreed(tmp_path, artist)
            world.relay.afflict(Strike(drop, is_ours))
            await until_blind(tmp_path, artist, lossy)
            assert (await status(tmp_path, other))["blind_since"] is None
            world.relay.heal()
            publish(artist, "seen again")
            assert (await sees(tmp_path, lossy))["rewinds"] >= 2
            await until(lambda: held(tmp_path) == truth(world))


async def test_without_evidence_nobody_is_blind(tmp_path: Path) -> None:
    """A quiet namespace, one loss and forged commits raise nothing; real blindness then does."""
    async with World(25, now, relays=2) as world:
        artist = world.create_account("mira.test")
        liar, honest = world.relay_urls
        async with traffic(world), running(world, tmp_path, liar, honest):
            await until_agreed(tmp_path, artist)
            world.relays[1].afflict(Strike(drop, is_ours))
            publish(artist, "lost")
            world.relays[1].heal()
            forger = Author(1)
            forger.now = now()
            for n in range(5):
                forged = forger.message(forger.track(f"3kaaaaaaaaa{'abcde'[n]}2"))
                world.relay.log.append(replace(forged, repo=artist.did))
            await asyncio.sleep(4)
            for stream in (liar, honest):
                found = await status(tmp_path, stream)
                assert (found["blind_since"], found["rewinds"]) == (None, 0)
            assert held(tmp_path) == truth(world)
            world.relays[1].afflict(Strike(drop, is_ours))
            await until_blind(tmp_path, artist, honest)


async def test_a_gap_that_no_source_can_replay_is_found_again(tmp_path: Path) -> None:
    """An account named only in what the relay no longer has is found by asking for lists anew."""
    async with World(27, now, window=10) as world:
        artist = world.create_account("mira.test")
        async with running(world, tmp_path, world.relay_url):
            publish(artist, "before")
            await until(lambda: held(tmp_path) == truth(world) and complete(tmp_path))
            await until(lambda: all_lists_read(tmp_path))
        publish(world.create_account("new.test"), "in the gap")
        for _ in range(20):
            artist.create("app.bsky.feed.post", {"text": "noise"})
        async with running(world, tmp_path, world.relay_url):
            await until(lambda: held(tmp_path) == truth(world))
            assert (await status(tmp_path, world.relay_url))["gap_at"] is not None


def all_lists_read(folder: Path) -> bool:
    """Whether discovery has nothing left to do."""
    with opened(folder) as conn:
        return bool(conn.execute("SELECT min(finished_at IS NOT NULL) FROM discoveries").get)
