"""Steady load: as many requests as promised, each timed from when it was due."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp import web

from atp.syntax import Nsid
from lexicons.catalog import Catalog
from lexicons.methods import method
from lexicons.names import Names
from ops.bench import load
from ops.bench.load import MIX, Load, Targets
from ops.world.host import Host
from tests.indexer.authors import Author, Create, Index, playlist

NAMES = Names()


def index(folder: Path) -> Path:
    """An index with a track and a list, in a file."""
    made, author = Index(), Author(0)
    made.apply(author.commit(author.track()))
    made.apply(author.commit(Create(NAMES.list, playlist([author.subject(NAMES.track, "3k")]))))
    path = folder / "index.db"
    made.conn.execute("VACUUM INTO ?", (str(path),))
    return path


def test_requests_are_good_ones_in_a_fixed_order(tmp_path: Path) -> None:
    """Every query of the mix is asked, with parameters that its lexicon allows."""
    path, catalog = index(tmp_path), Catalog.load(NAMES.namespace)
    first = list(islice(Targets("http://a", path, NAMES).urls(), 200))
    assert first == list(islice(Targets("http://a", path, NAMES).urls(), 200))
    asked = set()
    for url in map(urlsplit, first):
        nsid = url.path.removeprefix("/xrpc/")
        method(catalog, Nsid(nsid)).params(parse_qsl(url.query))
        asked.add(nsid)
    assert asked == {NAMES.query(name) for name in MIX}


async def test_a_service_that_stands_still_is_charged_for_what_it_delays(tmp_path: Path) -> None:
    """Requests go on leaving while one hangs, and all of them count their wait."""
    open_ = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await open_.wait()
        return web.Response(status=200)

    host = Host()
    host.answer({"/xrpc/{nsid}": answer})
    await host.start()
    async with aiohttp.ClientSession() as http:
        sending = Load(http, Targets(host.url, index(tmp_path), NAMES))
        running = asyncio.create_task(sending.run())
        await asyncio.sleep(0.5)
        open_.set()
        await asyncio.sleep(0.5)
        running.cancel()
        await asyncio.wait([running])
    await host.stop()
    served = sending.served()
    assert load.PER_SECOND / 2 <= served.requests <= load.PER_SECOND + 1
    assert served.failed == 0
    assert served.worst > 400
