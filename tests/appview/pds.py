"""A PDS and a PLC directory on loopback, which are as honest as a test wants them to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from appview.network import Network, network
from atp.did_doc import build
from lexicons.names import GET_RECORD
from tests.atp.runtime.foreign_server import web_server
from tests.indexer.authors import Author
from tests.pds_client.hosts import Plc, plc_directory

PDS = "AtprotoPersonalDataServer"


@dataclass
class Pds:
    """Proves records of these authors; ``lie`` gets each proof and gives what is sent instead."""

    authors: dict[str, Author] = field(default_factory=dict)
    url: str = ""
    asked: list[str] = field(default_factory=list)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    lie: Callable[[bytes], bytes] = bytes
    refusal: tuple[int, Mapping[str, str], Mapping[str, str]] | None = None

    async def answer(self, request: web.Request) -> web.Response:
        """``com.atproto.sync.getRecord``."""
        asked = request.query
        path = f"{asked['collection']}/{asked['rkey']}"
        self.asked.append(path)
        await self.flowing.wait()
        if self.refusal is not None:
            status, body, headers = self.refusal
            return web.json_response(body, status=status, headers=headers)
        return web.Response(body=self.lie(self.authors[asked["did"]].repo.proof(path)))

    def refuse(self, status: int, error: str = "", **headers: str) -> None:
        """Answer so from now on."""
        self.refusal = status, {"error": error, "message": "no"}, headers


@dataclass
class Outside:
    """What is reachable."""

    plc: Plc
    pds: Pds
    network: Network

    def register(self, author: Author, pds: Pds | None = None) -> Author:
        """Have an author live at a PDS, and sign with the key of the moment."""
        home = pds or self.pds
        home.authors[author.did] = author
        self.plc.answers[author.did] = document(author, home.url)
        return author


def document(author: Author, url: str) -> dict[str, Any]:
    """The author's DID document."""
    key = author.repo.key.public_key
    return dict(build(author.did, None, {"#atproto": key}, {"#atproto_pds": (PDS, url)}))


@asynccontextmanager
async def serving() -> AsyncIterator[Pds]:
    """A PDS."""
    pds = Pds()
    pds.flowing.set()
    async with web_server([web.get(f"/xrpc/{GET_RECORD}", pds.answer)]) as pds.url:
        yield pds
        pds.flowing.set()


@asynccontextmanager
async def outside() -> AsyncIterator[Outside]:
    """A directory and a PDS, and the way to them."""
    async with (
        plc_directory() as plc,
        serving() as pds,
        network(plc.url, allow_private_hosts=True) as way,
    ):
        yield Outside(plc, pds, way)
