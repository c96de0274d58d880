"""Finding everybody: each source is asked who has records in each of our collections.

All five, since a listener who only likes is as much a part of the index as an artist. A source that
does not answer that question is asked for all its repos, if they are few; whether those have
anything of ours is then asked repo by repo (`indexer.fetch`). Accounts found are put in the index
as repos to be fetched, each page in one transaction with the cursor, so a restart goes on where it
was; where the source no longer takes that cursor, the list is begun anew. A list that has been read
to its end is not read again until an operator asks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import apsw

from atp.runtime import log
from atp.runtime.http import Client, HttpError, HttpUnavailable
from atp.runtime.sqlite import Writer
from atp.runtime.within import within
from atp.syntax import Did, Nsid
from indexer.hosts import Hosts
from indexer.store import discoveries
from indexer.store.discoveries import ALL_REPOS, Discovery
from lexicons.names import Names
from pds_client.repo import list_repos
from pds_client.sync import repos_by_collection
from pds_client.xrpc import XrpcFailure

SMALL_HOST = 10_000
"""Repos on a host that is asked for all of them."""
MAX_FOUND = 1_000_000
"""Accounts that one list may name."""
RETRY_AFTER = 60.0
"""Seconds until a source that did not answer is asked again."""

logger = log.get("indexer.discover")


def origin(stream: str) -> str:
    """Where a source answers queries: ``https://host`` of ``wss://host``."""
    return "http" + stream.removeprefix("ws").rstrip("/")


class Discoverer:
    """Reads the lists of ``sources`` (websocket URLs); ``found`` is called after news."""

    def __init__(
        self,
        writer: Writer,
        http: Client,
        sources: Sequence[str],
        names: Names,
        *,
        hosts: Hosts,
        clock: Callable[[], int],
        found: Callable[[], None],
    ) -> None:
        self._writer = writer
        self._http = http
        self._sources = [origin(source) for source in sources]
        self._names = names
        self._hosts = hosts
        self._clock = clock
        self._found = found
        self._again = asyncio.Event()

    async def run(self) -> None:
        """Read what is unfinished, and again whenever asked to, until cancelled."""
        while True:
            self._again.clear()
            if await self.once():
                await self._again.wait()
            else:
                await within(RETRY_AFTER, self._again)

    async def again(self) -> None:
        """Read every list from its start."""
        await self._writer.run(discoveries.again)
        self._again.set()

    async def once(self) -> bool:
        """Read what is unfinished; whether nothing is left that another try could read."""
        return all(await asyncio.gather(*map(self._source, self._sources)))

    async def _source(self, source: str) -> bool:
        known = await self._writer.run(partial(_begin, source=source, names=self._names))
        done = [await self._read(one) for one in known]
        return all(done)

    async def _read(self, at: Discovery) -> bool:
        """Read one list to its end; whether that is done with."""
        try:
            if at.collection == ALL_REPOS:
                await self._all_repos(at)
            else:
                await self._collection(at, Nsid(at.collection))
        except HttpUnavailable as exc:
            await self._fail(at, str(exc), None)
            logger.warning("list not read", source=at.source, error=str(exc))
            return False
        except (HttpError, XrpcFailure) as exc:
            await self._fail(at, str(exc), self._clock())
            if at.collection != ALL_REPOS:
                return await self._instead(at.source)
        return True

    async def _instead(self, source: str) -> bool:
        """Read all repos of a source that does not list them by collection."""
        await self._writer.run(lambda conn: discoveries.begin(conn, source, [ALL_REPOS]))
        known = await self._writer.run(partial(discoveries.unfinished, source=source))
        return all([await self._read(one) for one in known if one.collection == ALL_REPOS])

    async def _collection(self, at: Discovery, collection: Nsid) -> None:
        try:
            await self._pages(at, collection)
        except XrpcFailure as exc:
            if not await self._writer.run(lambda conn: discoveries.anew(conn, at)):
                raise
            logger.info("list begun anew", source=at.source, why=str(exc))
            await self._pages(replace(at, cursor=None, found=0), collection)

    async def _pages(self, at: Discovery, collection: Nsid) -> None:
        cursor, count = at.cursor, at.found
        while count < MAX_FOUND:
            await asyncio.sleep(self._hosts.rest(at.source))
            page = await repos_by_collection(self._http, at.source, collection, cursor)
            await self._store(at, page.items, page.cursor)
            cursor, count = page.cursor, count + len(page.items)
            if cursor is None:
                return

    async def _all_repos(self, at: Discovery) -> None:
        dids: list[Did] = []
        async for page in list_repos(self._http, at.source):
            await asyncio.sleep(self._hosts.rest(at.source))
            dids += [entry.did for entry in page.items if entry.active]
            if len(dids) > SMALL_HOST:
                why = f"more than {SMALL_HOST} repos: not asked one by one"
                return await self._fail(at, why, self._clock())
        return await self._store(at, dids, None)

    async def _fail(self, at: Discovery, why: str, finished_at: int | None) -> None:
        await self._writer.run(lambda conn: discoveries.fail(conn, at, why, finished_at))

    async def _store(self, at: Discovery, dids: Sequence[Did], cursor: str | None) -> None:
        now = self._clock()
        fresh = await self._writer.run(lambda conn: discoveries.page(conn, at, dids, cursor, now))
        if fresh:
            self._found()


def _begin(conn: apsw.Connection, source: str, names: Names) -> list[Discovery]:
    discoveries.begin(conn, source, names.collections)
    return discoveries.unfinished(conn, source)
