"""The AppView's way out: whom it asks when the index alone cannot answer.

One client and one memory of identities for everything in the process that talks to other servers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from atp.runtime.http import Client
from pds_client.identity import Directory


@dataclass(frozen=True, slots=True)
class Network:
    """Other people's servers, and who is who there; open as long as its context."""

    http: Client
    directory: Directory


@asynccontextmanager
async def network(
    plc_url: str, handle_resolvers: Sequence[str] = (), *, allow_private_hosts: bool = False
) -> AsyncIterator[Network]:
    """The network behind these servers, which the operator named."""
    named = (plc_url, *handle_resolvers)
    async with Client(allow_private=allow_private_hosts, trusted_origins=named) as http:
        yield Network(http, Directory(http, plc_url, handle_resolvers))
