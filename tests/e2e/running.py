"""An indexer that runs inside the test, and looking at what it has written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import apsw

from atp.runtime import sqlite
from indexer import schema
from indexer.service import IndexerConfig, run
from indexer.store.dump import dump, miscounted
from lexicons.names import FOREIGN_PROFILE, Names
from ops.world.network import World

PATIENCE = 30.0  # seconds before a test gives up waiting
OURS = Names().collections


def config(folder: Path, stream: str, plc: str, *resolvers: str) -> IndexerConfig:
    """What an indexer on a local network is told."""
    return IndexerConfig(
        data_dir=folder,
        namespace="fm.plyr",
        relays=(stream,),
        starts_at_oldest=True,
        plc_url=plc,
        handle_resolvers=resolvers,
        allow_private_hosts=True,
        metrics_listen=None,
    )


@asynccontextmanager
async def indexing(settings: IndexerConfig) -> AsyncIterator[asyncio.Task[None]]:
    """Run an indexer; at the end it stops in order, and must not have failed."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(settings, stop))
    try:
        yield task
    finally:
        stop.set()
        await task


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


@contextmanager
def opened(folder: Path) -> Iterator[apsw.Connection]:
    """The index, read-only."""
    conn = sqlite.connect(folder / schema.FILE, readonly=True)
    try:
        yield conn
    finally:
        conn.close()


def cursor(folder: Path) -> int | None:
    """The only source's stored cursor; None before there is an index."""
    try:
        with opened(folder) as conn:
            row = conn.execute("SELECT cursor FROM sources").fetchone()
    except (sqlite.StoreError, apsw.SQLError):
        return None
    return None if row is None else row[0]


def facts(folder: Path) -> list[tuple[object, ...]]:
    """What the index says; its counters must equal a recount."""
    with opened(folder) as conn:
        conn.execute("BEGIN")  # one state of the index, whatever is written meanwhile
        assert miscounted(conn, FOREIGN_PROFILE) == []
        return list(dump(conn))


def records(folder: Path, *, prefix: str = "fm.plyr.") -> dict[str, tuple[str, str]]:
    """Every live record of ours: URI to (CID in hex, value in hex)."""
    return {
        str(row[1]): (str(row[2]), str(row[3]))
        for row in facts(folder)
        if row[0] == "record" and f"/{prefix}" in str(row[1])
    }


def held(folder: Path) -> dict[str, str]:
    """Every record of ours that the index has; its counters equal a recount."""
    return {uri: cid for uri, (cid, _) in records(folder).items()}


def truth(world: World) -> dict[str, str]:
    """Every record of ours that a network has: URI to CID in hex."""
    return {uri: cid.hex() for uri, (cid, _) in world.records().items() if uri.collection in OURS}
