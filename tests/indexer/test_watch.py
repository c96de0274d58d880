"""Watching: what counts as evidence, and discovery where a stream has a gap."""

from __future__ import annotations

import asyncio

import pytest

from atp.did_doc import build
from atp.runtime.http import Client
from atp.runtime.metrics import Registry
from indexer import watch
from indexer.event import Deferred, Item, Outcome
from indexer.eye import Eye, Progress, Sight
from indexer.metrics import Metrics
from indexer.store.repos import Desync
from indexer.watch import DISCOVER_AFTER, Watch
from lexicons.names import FOREIGN_PROFILE, Names
from ops.world.repo import Create
from pds_client.identity import Directory
from tests.indexer.authors import START, Author
from tests.pds_client.ours import ours

HOST = "https://pds.test"
A, B = "wss://a.test", "wss://b.test"


class Watched:
    """A watch over two sources that both carry `HOST`, and what it asked for."""

    def __init__(self, author: Author) -> None:
        self.now = START + 3_600_000_000
        self.discovered = 0
        self.eyes = {url: Eye(url, Sight(hosts=frozenset({HOST}))) for url in (A, B)}
        for one in self.eyes.values():
            one.progress = Progress(START, START)
            one.look()
        services = {"#atproto_pds": ("AtprotoPersonalDataServer", HOST)}
        document = build(author.did, None, {"#atproto": author.key.public_key}, services)
        self.directory = Directory(Client(), "http://plc.invalid", ours=ours(document))
        self.watch = Watch(
            self.eyes,
            self.directory,
            Names(),
            metrics=Metrics(Registry(), [A, B]),
            clock=lambda: self.now,
            discover=self.discover,
        )

    async def discover(self) -> None:
        """Lists are to be read again."""
        self.discovered += 1


async def test_evidence_is_a_verified_commit_of_our_namespace() -> None:
    """Other commits of the same account, and what could not be verified, are none."""
    author = Author(0)
    watched = Watched(author)
    await watched.directory.doc(author.did)
    message = author.account(active=True)

    def owed(outcome: Outcome) -> int:
        watched.watch.heard(Item(A, 1, author.did, message), outcome)
        return len(watched.eyes[B])

    assert owed(author.commit(Create(FOREIGN_PROFILE, {}, "self"))) == 0
    assert owed(Deferred(author.did, Desync.IDENTITY_UNAVAILABLE)) == 0
    assert owed(author.commit(author.track())) == 1
    other = Item(B, 9, author.did, message)
    watched.watch.heard(other, author.account(active=False))
    assert owed(author.commit(author.track("3kaaaaaaaaab2"))) == 1


async def test_gaps_ask_for_discovery_and_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each gap is followed by a discovery, and several soon after each other by one."""
    monkeypatch.setattr(watch, "LOOK", 0.001)
    watched = Watched(Author(0))
    running = asyncio.create_task(watched.watch.run({}))
    eye = watched.eyes[A]
    eye.gap(watched.now)
    await until_closed(eye)
    assert watched.discovered == 1
    watched.now += 1
    eye.gap(watched.now)
    await asyncio.sleep(0.05)
    assert (watched.discovered, eye.gap_open) == (1, True)
    watched.now += DISCOVER_AFTER
    await until_closed(eye)
    assert watched.discovered == 2
    running.cancel()


async def until_closed(eye: Eye) -> None:
    """Wait until a gap is no longer open."""
    async with asyncio.timeout(10):
        while eye.gap_open:
            await asyncio.sleep(0.001)
