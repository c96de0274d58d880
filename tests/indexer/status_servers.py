"""A directory and a PDS on ports of their own, whose answers about accounts a test sets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from atp.did_doc import build
from atp.syntax import Did, Handle
from ops.world.host import Host
from tests.indexer.authors import Author

Answering = Callable[[Did], Awaitable[web.StreamResponse]]


@dataclass
class Servers:
    """A directory and a PDS, whose answers a test sets."""

    plc: Host = field(default_factory=Host)
    pds: Host = field(default_factory=Host)
    documents: dict[str, Any] = field(default_factory=dict)
    status: Answering | None = None
    asked: list[str] = field(default_factory=list)

    async def document(self, request: web.Request) -> web.Response:
        """A DID's document, or the status instead of it."""
        found = self.documents.get(request.match_info["did"], 404)
        if isinstance(found, int):
            return web.json_response({"message": "no"}, status=found)
        return web.json_response(found)

    async def repo_status(self, request: web.Request) -> web.StreamResponse:
        """What the test wants answered."""
        did = Did.parse(request.query["did"])
        self.asked.append(did)
        assert self.status is not None
        return await self.status(did)

    def at(self, author: Author, pds: str | None = None) -> None:
        """Have the directory name the PDS of an account."""
        services = {"#atproto_pds": ("AtprotoPersonalDataServer", pds or self.pds.url)}
        keys = {"#atproto": author.key.public_key}
        handle = Handle.parse("mira.test")
        self.documents[author.did] = build(author.did, handle, keys, services)


async def gone(_: web.Request) -> web.Response:
    """What a web server says of a page that it had once."""
    return web.Response(status=410)


@asynccontextmanager
async def serving() -> AsyncIterator[Servers]:
    """Both servers on ports of their own."""
    servers = Servers()
    servers.plc.answer({"/{did:did:.*}": servers.document, "/.well-known/did.json": gone})
    servers.pds.answer({"/xrpc/com.atproto.sync.getRepoStatus": servers.repo_status})
    await servers.plc.start()
    await servers.pds.start()
    try:
        yield servers
    finally:
        await servers.plc.stop()
        await servers.pds.stop()


def says(code: int = 200, /, **body: Any) -> Answering:
    """Answers with JSON about the account that it is asked for, unless told another."""

    async def answer(did: Did) -> web.Response:
        return web.json_response({"did": did, **body}, status=code)

    return answer


def raw(body: bytes, status: int = 200, **headers: str) -> Answering:
    """Answers with these bytes."""

    async def answer(_: Did) -> web.Response:
        return web.Response(body=body, status=status, headers=headers)

    return answer


async def stalling(_: Did) -> web.Response:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError
