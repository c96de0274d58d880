"""Lists of sources, read page by page, over restarts and refusals."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from atp.runtime.http import Client
from atp.runtime.sqlite import Writer
from indexer import discover, schema
from indexer.discover import Discoverer, origin
from indexer.hosts import Hosts
from indexer.store import discoveries, repos
from lexicons.names import Names
from tests.atp.runtime.foreign_server import web_server

NAMES = Names()
REV = "3jzfcijpj2z2a"
CID = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"


def did(number: int) -> str:
    """The DID of that number."""
    return f"did:plc:{'abcdefghij'[number % 10] * 23}{'abcdefghij'[number // 10]}"


class Source:
    """A source that answers as it is told, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.times: list[float] = []
        self.headers: dict[str, str] = {}
        self.reply: Callable[[str, str], Any] = lambda _what, _cursor: {"repos": []}

    async def answer(self, request: web.Request) -> web.Response:
        """One page."""
        nsid = request.match_info["nsid"].rpartition(".")[2]
        what = request.query.get("collection", nsid)
        cursor = request.query.get("cursor", "")
        self.asked.append((what, cursor))
        answer = self.reply(what, cursor)
        self.times.append(time.monotonic())
        if isinstance(answer, int):
            return web.json_response({"error": "No"}, status=answer)
        return web.json_response(answer, headers=self.headers)


class Found:
    """A discoverer on a source, and the index that it fills."""

    def __init__(self, writer: Writer, http: Client, url: str) -> None:
        self.writer = writer
        self.news = 0
        self.hosts = Hosts(time.monotonic)
        http.heard = self.hosts.rests
        self.discoverer = Discoverer(
            writer,
            http,
            [url.replace("http", "ws", 1)],
            NAMES,
            hosts=self.hosts,
            clock=lambda: 5,
            found=self._found,
        )

    def _found(self) -> None:
        self.news += 1

    async def dids(self) -> list[str]:
        """Whom the index follows."""
        return sorted(await self.writer.run(lambda conn: list(repos.followed(conn))))

    async def lists(self) -> dict[str, tuple[int, int | None]]:
        """How many each list named, and when it ended."""
        all_lists = await self.writer.run(discoveries.everything)
        return {one.collection: (one.found, one.finished_at) for one in all_lists}


@asynccontextmanager
async def discovering(folder: Path, source: Source) -> AsyncIterator[Found]:
    """A discoverer on the source, and an index in ``folder``."""
    writer = Writer(folder / schema.FILE, schema.migrations())
    try:
        async with (
            web_server([web.get("/xrpc/{nsid}", source.answer)]) as url,
            Client(allow_private=True) as http,
        ):
            yield Found(writer, http, url)
    finally:
        await writer.close()


def entry(number: int, *, active: bool = True) -> dict[str, Any]:
    """A line of listRepos."""
    return {"did": did(number), "head": CID, "rev": REV, "active": active}


def test_a_stream_names_its_origin() -> None:
    """Queries go where the stream comes from."""
    assert origin("wss://relay.example.com") == "https://relay.example.com"
    assert origin("ws://localhost:80/") == "http://localhost:80"


async def test_every_collection_is_asked_for_once(tmp_path: Path) -> None:
    """Pages are followed; each DID is added once; what was read is not read again unasked."""
    source = Source()

    def reply(what: str, cursor: str) -> Any:
        if what == NAMES.like and not cursor:
            return {"repos": [{"did": did(1)}, {"did": did(2)}], "cursor": "more"}
        return {"repos": [{"did": did(3)}, {"did": did(1)}]}

    source.reply = reply
    async with discovering(tmp_path, source) as found:
        assert await found.discoverer.once()
        assert await found.dids() == sorted([did(1), did(2), did(3)])
        assert await found.lists() == {
            one: (4 if one == NAMES.like else 2, 5) for one in NAMES.collections
        }
        assert len(source.asked) == 6
        assert await found.discoverer.once()
        assert len(source.asked) == 6
        await found.discoverer.again()
        assert await found.discoverer.once()
        assert len(source.asked) == 12
        assert found.news == 2


async def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """A source that fails in the middle of a list is asked again for the page that is missing."""
    source = Source()
    source.reply = lambda _what, cursor: (
        503 if cursor else {"repos": [{"did": did(1)}], "cursor": "two"}
    )
    async with discovering(tmp_path, source) as found:
        assert not await found.discoverer.once()
        assert await found.dids() == [did(1)]
        source.asked.clear()
        source.reply = lambda _what, _cursor: {"repos": [{"did": did(2)}]}
        assert await found.discoverer.once()
        assert source.asked == [(one, "two") for one in sorted(NAMES.collections)]
        assert await found.dids() == [did(1), did(2)]


async def test_a_cursor_that_is_refused_begins_the_list_anew(tmp_path: Path) -> None:
    """A source that forgot where we were, over a restart of its own, is read from the start, once."""
    source = Source()
    source.reply = lambda _what, cursor: (
        503 if cursor else {"repos": [{"did": did(1)}], "cursor": "old"}
    )
    async with discovering(tmp_path, source) as found:
        assert not await found.discoverer.once()
        source.asked.clear()

        def renewed(_what: str, cursor: str) -> Any:
            pages = {"": {"repos": [{"did": did(2)}], "cursor": "new"}, "new": {"repos": []}}
            return pages.get(cursor, 400)

        source.reply = renewed
        assert await found.discoverer.once()
        asked = [cursor for what, cursor in source.asked if what == NAMES.like]
        assert asked == ["old", "", "new"]
        assert await found.dids() == [did(1), did(2)]
        assert await found.lists() == dict.fromkeys(NAMES.collections, (1, 5))


async def test_a_source_that_refuses_every_cursor_is_left(tmp_path: Path) -> None:
    """Anew is once: what the first page named is kept, and all repos are asked for."""
    source = Source()

    def reply(what: str, cursor: str) -> Any:
        if what == "listRepos":
            return {"repos": [entry(2)]}
        return 400 if cursor else {"repos": [{"did": did(1)}], "cursor": "bad"}

    source.reply = reply
    async with discovering(tmp_path, source) as found:
        assert await found.discoverer.once()
        asked = [cursor for what, cursor in source.asked if what == NAMES.like]
        assert asked == ["", "bad", "", "bad"]
        assert await found.dids() == [did(1), did(2)]


async def test_a_source_that_has_had_enough_is_let_rest(tmp_path: Path) -> None:
    """After a page with which its rate limit is spent, the next waits for the reset."""
    source = Source()
    source.headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": "1"}
    source.reply = lambda _what, _cursor: {"repos": []}
    async with discovering(tmp_path, source) as found:
        assert await found.discoverer.once()
    pauses = [after - before for before, after in itertools.pairwise(source.times)]
    assert len(pauses) == len(NAMES.collections) - 1
    assert min(pauses) > 0.9


@pytest.mark.parametrize("status", [400, 404, 501])
async def test_a_small_source_without_the_method_lists_all(tmp_path: Path, status: int) -> None:
    """`listRepos` takes its place, once; accounts that are not active are left out."""
    source = Source()
    source.reply = lambda what, _cursor: (
        {"repos": [entry(1), entry(2, active=False)]} if what == "listRepos" else status
    )
    async with discovering(tmp_path, source) as found:
        assert await found.discoverer.once()
        assert await found.dids() == [did(1)]
        assert [what for what, _ in source.asked].count("listRepos") == 1


async def test_a_large_source_without_the_method_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's repos are asked for one by one on a host of millions."""
    monkeypatch.setattr(discover, "SMALL_HOST", 3)
    source = Source()

    def reply(what: str, cursor: str) -> Any:
        number = len(cursor)
        more = {"repos": [entry(number)], "cursor": "x" * (number + 1)}
        return more if what == "listRepos" else 404

    source.reply = reply
    async with discovering(tmp_path, source) as found:
        assert await found.discoverer.once()
        assert await found.dids() == []
        assert len(source.asked) == 5 + 4


async def test_a_list_without_end_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source names no more than so many accounts."""
    monkeypatch.setattr(discover, "MAX_FOUND", 3)
    source = Source()
    source.reply = lambda _what, cursor: {
        "repos": [{"did": did(len(cursor))}],
        "cursor": cursor + "x",
    }
    async with discovering(tmp_path, source) as found:
        assert await found.discoverer.once()
        assert len(await found.dids()) == 3
