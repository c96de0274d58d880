"""``GET /blob/{did}/{cid}``: an ASGI application of its own, as it streams.

A file that has been checked has a strong tag and may be kept for ever; conditions
(``If-None-Match``, ``If-Range``) hold for it alone. One that is on its way is answered as it comes,
whole or in part, without either; when it turns out not to be what its CID names, the connection is
aborted before the last byte of the file. Whether a file may be had is asked of the index at every
request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from appview.blobs import headers
from appview.blobs.exchange import NO_PLACE, TAKEN_IN, Exchange, error, reply, send_whole
from appview.blobs.failure import Failed, Failure
from appview.blobs.flight import ended
from appview.blobs.flights import Flights
from appview.blobs.metrics import Metrics, Served
from appview.store import Store
from appview.store_blobs import Claim, claim
from atp.cid import Cid
from atp.errors import AtpError
from atp.runtime import cors
from atp.runtime.asgi import Receive, Request, Scope, Send
from atp.runtime.caller import Network, caller_address
from atp.syntax import Did

PATH = "/blob/"

ABORT = "plyr.abort"
"""The extension of a scope that cuts its connection."""

MAX_READERS = 512
"""Requests answered at once; each holds a piece in memory, and another in its socket."""

PER_CALLER = 64
"""Those of one address: a page full of pictures over HTTP/2, and a player beside it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose file, and what is claimed of it."""

    did: Did
    cid: Cid
    claim: Claim


class _Refused(Exception):
    """An answer other than a file."""

    def __init__(self, how: Served, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.how = how
        self.response = error(status, name, message)


class Blobs:
    """The application."""

    def __init__(
        self,
        store: Store,
        flights: Flights,
        metrics: Metrics,
        proxies: Sequence[Network] = (),
        *,
        taken_in: float = TAKEN_IN,
    ) -> None:
        self._store = store
        self._flights = flights
        self._metrics = metrics
        self._proxies = frozenset(proxies)
        self._taken_in = taken_in
        self._answering: dict[asyncio.Task[Served | Failure], str | None] = {}

    def end(self) -> None:
        """Cut off everybody who still reads, as the service ends."""
        for answering in self._answering:
            answering.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        request = Request.of(scope)
        if request.verb == "OPTIONS":
            asked = request.header(b"access-control-request-headers")
            await send_whole(send, 204, (*headers.CROSS_ORIGIN, *cors.preflight(asked)))
            return
        self._metrics.ended(await self._answered(request, scope, receive, send))

    async def _answered(
        self, request: Request, scope: Scope, receive: Receive, send: Send
    ) -> Served | Failure:
        """Answer, and tell how it ended."""
        head = request.verb == "HEAD"
        try:
            asked = self._asked(request)
        except _Refused as refused:
            await reply(send, refused.response, head=head)
            return refused.how
        exchange = Exchange(request, send, self._metrics, self._taken_in)
        answering = asyncio.create_task(self._answer(exchange, asked))
        self._answering[answering] = caller_address(request, self._proxies)
        try:
            return await _while_connected(exchange, answering, scope, receive)
        finally:
            del self._answering[answering]

    def _asked(self, request: Request) -> _Asked:
        if request.verb not in ("GET", "HEAD"):
            raise _Refused(Served.INVALID, 405, "InvalidRequest", "only GET and HEAD work here")
        did_text, _, cid_text = request.path.removeprefix(PATH).partition("/")
        try:
            did, cid = Did.parse(did_text), Cid.parse(cid_text)
        except AtpError as exc:
            raise _Refused(Served.INVALID, 400, "InvalidRequest", str(exc)) from exc
        found = claim(self._store, did, cid)
        if found is None:
            message = "no record that is shown here refers to this file"
            raise _Refused(Served.NOT_SHOWN, 404, "BlobNotFound", message)
        if self._is_full(caller_address(request, self._proxies)):
            message = "too many files are being read; try again soon"
            raise _Refused(Served.FULL, 503, NO_PLACE, message)
        return _Asked(did, cid, found)

    def _is_full(self, caller: str | None) -> bool:
        readers = list(self._answering.values())
        if len(readers) >= MAX_READERS:
            return True
        return caller is not None and readers.count(caller) >= PER_CALLER

    async def _answer(self, exchange: Exchange, asked: _Asked) -> Served | Failure:
        try:
            async with self._flights.reading(asked.did, asked.cid, asked.claim) as source:
                return await exchange.serve(source, asked.cid, asked.claim.mime_type)
        except Failed as failed:
            await exchange.fail(failed)
            return failed.failure


async def _while_connected(
    exchange: Exchange, answering: asyncio.Task[Served | Failure], scope: Scope, receive: Receive
) -> Served | Failure:
    """Answer as long as the caller is there; cut the connection where it cannot be done."""
    left = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({answering, left}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            return Served.LEFT
        if answering.cancelled():
            await exchange.fail(ended())
        # A server without this extension cuts the connection of an answer without an end.
        abort = scope.get("extensions", {}).get(ABORT)
        if exchange.is_broken and abort:
            abort()
            await left
        return Failure.ENDED if answering.cancelled() else answering.result()
    finally:
        await _cancelled(answering, left)


async def _left(receive: Receive) -> None:
    """Wait until the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancelled(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
