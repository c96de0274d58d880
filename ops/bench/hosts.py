"""A PLC directory, a relay and PDSes that give out a library's repos, in one process.

``python -m ops.bench.hosts REPOS RECORDS BACKLOG`` makes the library in memory (15 seconds),
prints where directory and relay are, and serves until its input ends. The PDSes are ports of their
own, so that an indexer sees as many hosts. The relay has a backlog of so many commits, and sends it
once for each line of input.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from atp import did_doc, frames
from atp.syntax import Did, Nsid
from lexicons.names import Names
from ops.bench.library import Account, Library
from ops.bench.stream import SEED
from ops.world.firehose import SUBSCRIBE_PATH
from ops.world.host import Handler, Host
from ops.world.xrpc import Json, Methods, Params, dispatcher

NICENESS = 10
"""So that the load on the same core is timed, and not how it waits for the relay."""
HOSTS = 10
"""PDSes over which the accounts are spread."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """An account by its number, and its repo."""

    number: int
    account: Account
    car: bytes
    collections: frozenset[str]


class Network:
    """Everything that is asked of a network while repos are fetched."""

    def __init__(self, library: Library, backlog: int) -> None:
        """PDSes give repos as they were before the backlog of so many commits began."""
        self.pds_urls: list[str] = []
        self._hosted = {
            account.did: Hosted(
                number, account, account.repo.to_car(), frozenset(account.repo.collections())
            )
            for number, account in enumerate(library.accounts)
        }
        self._backlog = [frames.encode(commit) for commit in library.more(backlog)]
        self._released = asyncio.Event()

    def release(self) -> None:
        """Send the backlog to who is subscribed or the next to be."""
        self._released.set()

    async def subscribe(self, request: web.Request) -> web.WebSocketResponse:
        """The backlog from its start, once released; then nothing more."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        sending = asyncio.create_task(self._send(socket))
        async for _ in socket:
            pass  # reading on answers pings and sees the end
        sending.cancel()
        return socket

    async def _send(self, socket: web.WebSocketResponse) -> None:
        await self._released.wait()
        self._released.clear()
        for frame in self._backlog:
            await socket.send_bytes(frame)

    def queries(self) -> Methods:
        """What relay and PDSes answer."""
        return {
            "com.atproto.sync.listReposByCollection": self._by_collection,
            "com.atproto.repo.describeRepo": self._describe,
            "com.atproto.sync.getRepo": self._repo,
        }

    async def document(self, request: web.Request) -> web.Response:
        """What the PLC directory says of an account."""
        hosted = self._hosted.get(Did.parse(request.match_info["did"]))
        if hosted is None:
            return web.json_response({"message": "DID not registered"}, status=404)
        return web.json_response(self._document(hosted))

    def _document(self, hosted: Hosted) -> dict[str, Any]:
        """It claims no handle, which would have to be looked up elsewhere."""
        pds = self.pds_urls[hosted.number % len(self.pds_urls)]
        keys = {"#atproto": hosted.account.key.public_key}
        services = {"#atproto_pds": ("AtprotoPersonalDataServer", pds)}
        return did_doc.build(hosted.account.did, None, keys, services)

    def _by_collection(self, params: Params) -> Json:
        collection = params.required("collection", Nsid.parse)
        return {
            "repos": [
                {"did": did}
                for did, hosted in self._hosted.items()
                if collection in hosted.collections
            ]
        }

    def _describe(self, params: Params) -> Json:
        hosted = self._hosted[params.required("repo", Did.parse)]
        return {
            "handle": "handle.invalid",
            "did": hosted.account.did,
            "didDoc": self._document(hosted),
            "collections": sorted(hosted.collections),
            "handleIsCorrect": False,
        }

    def _repo(self, params: Params) -> web.Response:
        hosted = self._hosted[params.required("did", Did.parse)]
        return web.Response(body=hosted.car, content_type="application/vnd.ipld.car")


async def serve(library: Library, backlog: int) -> None:
    """Listen on loopback until standard input ends; each line of it releases the backlog."""
    front, hosts = Host(), [Host() for _ in range(HOSTS)]
    network = Network(library, backlog)
    answer = dispatcher(network.queries())
    for host in hosts:
        host.answer({"/xrpc/{nsid}": answer})
        await host.start()
        network.pds_urls.append(host.url)
    routes: dict[str, Handler] = {SUBSCRIBE_PATH: network.subscribe}
    front.answer({**routes, "/xrpc/{nsid}": answer, "/{did}": network.document})
    await front.start()
    print(front.name, flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        network.release()


def main() -> None:
    """Make the library and serve it."""
    os.nice(NICENESS)
    repos, records, backlog = map(int, sys.argv[1:])
    asyncio.run(serve(Library(SEED, Names(), repos, records), backlog))


if __name__ == "__main__":
    main()
