"""The AppView's way out: whom it asks when the index alone cannot answer.

One client and one memory of identities for everything in the process that talks to other servers.
What is asked on behalf of several callers belongs to none of them: it is started here, and ends
here at the latest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from atp.runtime.http import Client
from pds_client.identity import Directory

_T = TypeVar("_T")


class Network:
    """Other people's servers, and who is who there; open as long as its context."""

    def __init__(self, http: Client, directory: Directory) -> None:
        self.http = http
        self.directory = directory
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Have ``work`` go on whoever waits for it, until the network is closed."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self) -> None:
        """Cut off what is still under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def network(
    plc_url: str, handle_resolvers: Sequence[str] = (), *, allow_private_hosts: bool = False
) -> AsyncIterator[Network]:
    """The network behind these servers, which the operator named."""
    named = (plc_url, *handle_resolvers)
    async with Client(allow_private=allow_private_hosts, trusted_origins=named) as http:
        opened = Network(http, Directory(http, plc_url, handle_resolvers))
        try:
            yield opened
        finally:
            await opened.end()
