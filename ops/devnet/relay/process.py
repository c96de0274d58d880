"""The reference relay on a devnet: one stream of all its PDSes, on loopback.

Its own door is closed to a devnet: it asks a new host who it is with a client that refuses loopback
addresses. So the hosts are written into its database, between a first start that makes the tables
and the one that counts. For the same reason an account that it takes for inactive stays so until an
event says otherwise, as it cannot ask the PDS.
"""

from __future__ import annotations

import asyncio
from typing import Self

import aiohttp

from atp.syntax import Did
from ops.devnet.network import Devnet, DevnetError, free_ports
from ops.devnet.relay import store
from ops.devnet.relay.installed import installed_relay
from ops.devnet.xrpc import Xrpc

ADMIN_PASSWORD = "relay-password"  # noqa: S105 - the network is a throw-away
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
POLL_S = 0.05
LOG_TAIL_BYTES = 2_000


class Relay:
    """``async with Relay(net) as relay``: streams what the PDSes of a running devnet stream.

    Every PDS must have had an account by then. Raises DevnetError when the relay does not come up
    and RelayMissing where it is not installed.
    """

    def __init__(self, net: Devnet) -> None:
        self._net = net
        self._folder = net.data_dir / "relay"
        self._database = self._folder / "relay.sqlite"
        self._port, self._metrics_port = free_ports(2)

    @property
    def url(self) -> str:
        """Where it answers queries."""
        return f"http://localhost:{self._port}"

    @property
    def stream(self) -> str:
        """Where it streams, as an indexer is told of it."""
        return f"ws://localhost:{self._port}"

    async def __aenter__(self) -> Self:
        self._binary = await asyncio.to_thread(installed_relay)
        self._folder.mkdir()
        await self._start()
        await self.stop()
        hosts = [url.removeprefix("http://") for url in self._net.pds_urls]
        store.add_hosts(self._database, hosts)
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def home(self, did: Did) -> str | None:
        """The URL of the PDS where the relay takes an account to be; None if it knows neither."""
        found = store.home(self._database, did)
        return None if found is None else f"http://{found}"

    async def stop(self) -> None:
        """End the relay, in order when it can within seconds."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _start(self) -> None:
        environment = {
            "RELAY_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "RELAY_PLC_HOST": self._net.plc_url,
            "RELAY_API_BIND": f"127.0.0.1:{self._port}",
            "RELAY_METRICS_LISTEN": f"127.0.0.1:{self._metrics_port}",
            "RELAY_PERSIST_DIR": "persist",
            "DATABASE_URL": "sqlite://relay.sqlite",
        }
        with (self._folder / "relay.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._binary,
                "serve",
                cwd=self._folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is ours to pass on, in order
            )
        try:
            async with asyncio.timeout(START_TIMEOUT_S), aiohttp.ClientSession() as http:
                await self._answers(Xrpc(http, self.url))
        except BaseException as exc:
            await self.stop()
            if isinstance(exc, TimeoutError):
                raise DevnetError(f"the relay did not start:\n{self._log_tail()}") from exc
            raise

    async def _answers(self, xrpc: Xrpc) -> None:
        while True:
            if self._process.returncode is not None:
                raise DevnetError(f"the relay ended while starting:\n{self._log_tail()}")
            try:
                await xrpc.get("_health", {})
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(POLL_S)
            else:
                return

    def _log_tail(self) -> str:
        return (self._folder / "relay.log").read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
