"""The world: a PLC directory, PDSes and a relay that merges them, in this process.

The same seed, clock and deeds give the same DIDs, keys, CIDs, revs and firehose bytes, whatever
ports the system picks. Deeds (`create_account`, `Account.create` …) are plain calls: when one
returns, its events are in the logs and every server answers accordingly; subscribers are sent them
as soon as the event loop runs. Nothing is kept on disk.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from atp.cid import Cid
from atp.keys import Curve
from atp.syntax import AtUri, Did, Handle, Nsid, RecordKey
from ops.world.account import Account
from ops.world.clock import Clock
from ops.world.directory import PlcDirectory
from ops.world.host import Host
from ops.world.keys import Secrets
from ops.world.pds import Pds
from ops.world.relay import Relay

WINDOW = 100_000
"""Events that a firehose replays, where the test does not say otherwise."""
BUFFER = 10_000
"""Events that a firehose lets gather for a slow subscriber."""


class World:
    """A network to enter: ``async with World(seed=1, clock=clock, pdses=2) as world``."""

    def __init__(
        self, seed: int, clock: Clock, *, pdses: int = 1, window: int = WINDOW, buffer: int = BUFFER
    ) -> None:
        self._seed = seed
        self._clock = clock
        self.accounts: list[Account] = []
        """Every account ever made, in order."""
        self.plc = PlcDirectory(clock)
        self.relay = Relay(window=window, buffer=buffer)
        self.pdses = [Pds(self.plc.document, window=window, buffer=buffer) for _ in range(pdses)]
        for pds in self.pdses:
            self.relay.crawl(pds)

    async def __aenter__(self) -> Self:
        for host in self._hosts():
            await host.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for host in self._hosts():
            await host.stop()

    @property
    def plc_url(self) -> str:
        """Base URL of the PLC directory."""
        return self.plc.host.url

    @property
    def relay_url(self) -> str:
        """Websocket base URL of the relay."""
        return f"ws://{self.relay.host.name}"

    @property
    def pds_urls(self) -> list[str]:
        """Base URLs of the PDSes."""
        return [pds.host.url for pds in self.pdses]

    def create_account(self, handle: str, pds: int = 0) -> Account:
        """A new account on the PDS of that number; p256 and k256 keys take turns."""
        name = Handle.parse(handle)
        if any(other.handle == name and other.status != "deleted" for other in self.accounts):
            raise ValueError(f"the handle {name} is taken")
        number = len(self.accounts)
        home = self.pdses[pds]
        account = Account(
            handle=name,
            curve=(Curve.P256, Curve.K256)[number % 2],
            secrets=Secrets(self._seed, f"account {number}"),
            directory=self.plc,
            pds_url=home.host.url,
            publish=home.publish,
            clock=self._clock,
        )
        home.accounts[account.did] = account
        self.accounts.append(account)
        return account

    def records(self) -> dict[AtUri, tuple[Cid, dict[str, Any]]]:
        """The truth: every record of every active account, CID and JSON value by URI."""
        return {
            AtUri.of(account.did, Nsid(collection), RecordKey(rkey)): (record.cid, record.value)
            for account in self.accounts
            if account.active
            for path, record in account.repo.records.items()
            for collection, _, rkey in [path.partition("/")]
        }

    def statuses(self) -> dict[Did, str | None]:
        """The truth: why each account is not active, None where it is."""
        return {account.did: account.status for account in self.accounts}

    def _hosts(self) -> list[Host]:
        return [self.plc.host, *(pds.host for pds in self.pdses), self.relay.host]
