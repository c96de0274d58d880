"""A history from its beginning to the moment when the index must be right.

At the end faults are healed and lies taken back, and the index is given what a network gives it in
time. Every account's identity is told again. With `sweep` all else is left to the background
sweep; otherwise every status is told again too, and then either everybody writes once more
(`commit`), or every PDS states the head of its repos (`announce`), or an operator has everybody
fetched (`backfill`) while a relay hides an account that is active. Whom the index has never heard
of writes once more in any case.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from apsw import SQLError

from atp.runtime.sqlite import StoreError
from lexicons.names import Names
from ops.world.account import Account
from ops.world.network import World
from tests.clock import now
from tests.e2e.running import facts, opened
from tests.indexer.authors import like
from tests.simulator.history import History, Pause, Restart
from tests.simulator.indexers import Indexer, InProcess, OwnProcess, ask, settings
from tests.simulator.oracle import differences, followed_by
from tests.simulator.player import PLAYED, Player

PATIENCE = 60.0
"""Seconds in which an index must come to rest."""
GRACE = 3.0
"""Seconds that an index at rest may still be wrong, for what is in nobody's books."""
LOOK = 0.02

_UNREST = """
SELECT (SELECT count(*) FROM repos r JOIN actors a ON a.id = r.actor
        WHERE r.state <> 'synchronized' AND a.upstream_active),
    (SELECT count(*) FROM repos WHERE state = 'synchronized' AND coalesce(checked_at, 0) < ?2),
    (SELECT count(*) FROM actors WHERE handle_due <= ?1),
    (SELECT count(*) FROM discoveries WHERE finished_at IS NULL),
    (SELECT count(*) FROM statuses WHERE due_at <= ?1 AND attempts = 0)
"""

_FAILURES = """
SELECT a.did, r.state, r.reason, r.attempts, r.failure, r.detail
FROM repos r JOIN actors a ON a.id = r.actor
WHERE r.state <> 'synchronized' AND a.upstream_active
"""


class Wrong(AssertionError):
    """The index is not what it must be."""


async def play(history: History, seed: int, folder: Path, *, killed: bool) -> None:
    """Play a history; with `killed` the indexer is a process of its own. Raises `Wrong`."""
    folder.mkdir()
    async with World(seed, now, pdses=2, relays=history.relays, window=history.window) as world:
        told = settings(folder, world.relay_urls, world.plc_url, world.pds_urls)
        sweeps = history.closing == "sweep"
        indexer: Indexer = (OwnProcess if killed else InProcess)(told, sweeps=sweeps)
        for number in range(2):
            world.create_account(f"user{number}.test", number)
        player = Player(world, now, seed)
        await indexer.start()
        try:
            await _live(history, world, folder, player, indexer)
            await _close(history, world, folder)
            await _right(history, world, folder, indexer)
        finally:
            for host in player.hosts():
                host.resume()
            if indexer.running:
                await indexer.end("stop")


async def _live(
    history: History, world: World, folder: Path, player: Player, indexer: Indexer
) -> None:
    away = 0
    for step in history.steps:
        match step:
            case Restart():
                if indexer.running:
                    await indexer.end(step.end)
                    _check_counters(folder)
                away = step.away
            case Pause(idle=True):
                with suppress(TimeoutError):
                    await _until_caught_up(world, folder, step.millis / 1_000)
            case Pause():
                await asyncio.sleep(step.millis / 1_000)
            case _:
                PLAYED[type(step)](player, step)
                await asyncio.sleep(0)
        away -= 1
        if away < 0 and not indexer.running:
            await indexer.start()
    player.make_peace()
    if not indexer.running:
        await indexer.start()


def _check_counters(folder: Path) -> None:
    with suppress(StoreError, SQLError):  # the file may be half made
        facts(folder)


async def _close(history: History, world: World, folder: Path) -> None:
    await _until_caught_up(world, folder)
    active = [account for account in world.accounts if account.active]
    unheard_of = {account.did for account in active} - followed_by(folder)
    for account in world.accounts:
        account.announce_identity()
        if history.closing != "sweep":
            account.announce_status()
    for account in active:
        if history.closing == "commit" or account.did in unheard_of:
            _write_once_more(account)
        elif history.closing == "announce":
            account.emit_sync()
    if history.closing == "backfill":
        await _until_caught_up(world, folder)
        await ask(folder, "backfill", {"dids": [account.did for account in active]})
        for account in active[:1]:
            world.relay.takedown(account.did, now())


def _write_once_more(account: Account) -> None:
    subject = {"uri": f"at://{account.did}/fm.plyr.track/self", "cid": str(account.repo.head.cid)}
    account.create(Names().like, like(subject))


async def _until_caught_up(world: World, folder: Path, patience: float = PATIENCE) -> None:
    async with asyncio.timeout(patience):
        while not _caught_up(world, folder):
            await asyncio.sleep(LOOK)


def _caught_up(world: World, folder: Path) -> bool:
    heads = {url: relay.log.last for url, relay in zip(world.relay_urls, world.relays, strict=True)}
    try:
        with opened(folder) as conn:
            return dict(conn.execute("SELECT url, cursor FROM sources")) == heads
    except (StoreError, SQLError):  # the file may be half made
        return False


async def _right(history: History, world: World, folder: Path, indexer: Indexer) -> None:
    """Wait until the index is at rest and right."""
    begun = time.monotonic()
    checked = now() if history.closing == "sweep" else 0
    told = history.closing != "sweep"
    at_rest: float | None = None
    while True:
        assert indexer.running
        clock = time.monotonic()
        unrest = _unrest(folder, checked) if _caught_up(world, folder) else "behind the stream"
        if unrest is not None:
            at_rest = None
            if clock - begun > PATIENCE:
                raise Wrong(
                    f"no rest: {unrest}\n" + "\n".join(differences(world, folder, told=told))
                )
        else:
            wrong = differences(world, folder, told=told)
            if not wrong:
                return
            at_rest = at_rest or clock
            if clock - at_rest > GRACE:
                raise Wrong("\n".join(wrong))
        await asyncio.sleep(LOOK)


def _unrest(folder: Path, checked: int) -> str | None:
    """What the index has still to do; every repo is to be checked after a time."""
    names = ("repos to fetch", "repos to check", "handles", "lists to read", "statuses")
    with opened(folder) as conn:
        counts = conn.execute(_UNREST, (now(), checked)).fetchone()
        failures = conn.execute(_FAILURES).fetchall()
    assert counts is not None
    due = [f"{count} {name}" for count, name in zip(counts, names, strict=True) if count]
    return ", ".join([*due, *map(str, failures)]) if due else None
