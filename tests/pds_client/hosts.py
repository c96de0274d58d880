"""Public host names that lead to servers on loopback, and a PLC directory to ask."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import trustme
from aiohttp import TCPConnector, web
from aiohttp.abc import AbstractResolver, ResolveResult

from atp.runtime.http import Client, HttpNoHost
from atp.syntax import Did
from tests.atp.runtime.foreign_server import web_server

DID = Did("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
OTHER = Did("did:plc:bbbbbbbbbbbbbbbbbbbbbbbb")


class _Ports(AbstractResolver):
    """Stands where names become addresses, and sends port 443 of a name to a server's own port."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host not in self._ports:
            raise HttpNoHost(host, "no such name")
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self._ports[host],
                family=socket.AF_INET,
                proto=0,
                flags=0,
            )
        ]

    async def close(self) -> None:
        """Nothing to close."""


Site = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def public_hosts(sites: Mapping[str, Site]) -> AsyncIterator[Client]:
    """A client to which ``https://HOST/PATH`` is what ``sites`` has for it; no other host exists."""
    hosts = {site.partition("/")[0] for site in sites}
    authority = trustme.CA()
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*hosts, "unused.test").configure_cert(ours)
    theirs = ssl.create_default_context()
    authority.configure_trust(theirs)

    async def by_host(request: web.Request) -> web.StreamResponse:
        site = sites.get(request.host + request.path)
        if site is None:
            raise web.HTTPNotFound
        return await site(request)

    async with web_server([web.get("/{path:.*}", by_host)], ours) as url:
        port = int(url.rpartition(":")[2])
        async with Client(allow_private=True, ssl_context=theirs) as http:
            connector = cast("TCPConnector", http._session.connector)
            connector._resolver = _Ports(dict.fromkeys(hosts, port))
            yield http


@dataclass(frozen=True)
class Answer:
    """What a server answers."""

    body: str | bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    async def reply(self, _request: web.Request) -> web.Response:
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return web.Response(body=body, status=self.status, headers=self.headers)


@dataclass
class Plc:
    """A PLC directory: documents by DID, or the status it answers with; counts what it is asked."""

    url: str = ""
    answers: dict[str, dict[str, Any] | int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hold: Any = None

    async def answer(self, request: web.Request) -> web.Response:
        did = request.match_info["did"]
        self.asked.append(did)
        if self.hold is not None:
            await self.hold.wait()
        found = self.answers.get(did, 404)
        if isinstance(found, int):
            return web.json_response({"message": "no"}, status=found)
        return web.json_response(found)


@asynccontextmanager
async def plc_directory() -> AsyncIterator[Plc]:
    """A PLC directory on loopback."""
    plc = Plc()
    async with web_server([web.get("/{did}", plc.answer)]) as plc.url:
        yield plc


def document(did: str, handle: str = "alice.example.com", **more: Any) -> dict[str, Any]:
    """A small DID document."""
    return {"id": did, "alsoKnownAs": [f"at://{handle}"], **more}
