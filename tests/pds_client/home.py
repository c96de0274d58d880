"""A PDS with one account, whose record its owner may write; it answers as badly as a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from atp.cbor import encode
from atp.cid import Cid
from atp.data import record_from_json
from pds_client.session import CREATE_SESSION, DELETE_SESSION, GET_RECORD, PUT_RECORD
from tests.atp.runtime.foreign_server import web_server
from tests.pds_client.hosts import DID, Answer

PASSWORD = "correct horse battery"
ACCESS = "access.aaaaaaaaaaaaaaaa.a"
REFRESH = "refresh.bbbbbbbbbbbbbbbb.b"


def version(record: dict[str, Any]) -> str:
    """The CID of a record."""
    return str(Cid.for_cbor(encode(record_from_json(record))))


@dataclass
class Home:
    """The server; ``instead`` has answers for methods that it is not to carry out."""

    url: str = ""
    record: dict[str, Any] | None = None
    instead: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    put: list[dict[str, Any]] = field(default_factory=list)
    open: int = 0
    """Sessions that have not been ended."""

    async def answer(self, request: web.Request) -> web.Response:
        """Carry out a method."""
        nsid = request.match_info["nsid"]
        self.asked.append(nsid)
        if nsid in self.instead:
            return await self.instead[nsid].reply(request)
        if nsid == GET_RECORD:
            return self._get(request)
        proof = request.headers.get("Authorization")
        if nsid == CREATE_SESSION:
            return self._create_session(await request.json())
        if nsid == DELETE_SESSION and proof == f"Bearer {REFRESH}":
            self.open -= 1
            return web.Response()
        if nsid == PUT_RECORD and proof == f"Bearer {ACCESS}":
            return self._put(await request.json())
        return refused("AuthMissing", 401)

    def _create_session(self, body: dict[str, Any]) -> web.Response:
        if body != {"identifier": DID, "password": PASSWORD}:
            return refused("AuthenticationRequired", 401)
        self.open += 1
        return web.json_response({"did": DID, "accessJwt": ACCESS, "refreshJwt": REFRESH})

    def _get(self, request: web.Request) -> web.Response:
        if self.record is None:
            return refused("RecordNotFound")
        told = {"uri": uri(request.query), "cid": version(self.record), "value": self.record}
        return web.json_response(told)

    def _put(self, body: dict[str, Any]) -> web.Response:
        before = None if self.record is None else version(self.record)
        if body["swapRecord"] != before:
            return refused("InvalidSwap")
        self.put.append(body)
        self.record = body["record"]
        return web.json_response({"uri": uri(body), "cid": version(body["record"])})


def uri(named: Any) -> str:
    """The AT-URI of what a call names."""
    return f"at://{named['repo']}/{named['collection']}/{named['rkey']}"


def refused(error: str, status: int = 400) -> web.Response:
    """A refusal by name."""
    return web.json_response({"error": error, "message": "no"}, status=status)


@asynccontextmanager
async def home() -> AsyncIterator[Home]:
    """A PDS on loopback."""
    it = Home()
    path = "/xrpc/{nsid}"
    async with web_server([web.get(path, it.answer), web.post(path, it.answer)]) as it.url:
        yield it
