"""The world: a PLC directory, PDSes and relays that merge them, in this process.

The same seed, clock and deeds give the same DIDs, keys, CIDs, revs and firehose bytes, whatever
ports the system picks. Deeds (`create_account`, `Account.create` …) are plain calls: when one
returns, its events are in the logs and every server answers accordingly; subscribers are sent them
as soon as the event loop runs. Nothing is kept on disk.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from atp.cid import Cid
from atp.datetime import Datetime
from atp.frames import AccountMsg
from atp.keys import Curve
from atp.syntax import AtUri, Did, Handle, Nsid, RecordKey
from ops.world.account import Account, Departed
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
        self,
        seed: int,
        clock: Clock,
        *,
        pdses: int = 1,
        relays: int = 1,
        window: int = WINDOW,
        buffer: int = BUFFER,
    ) -> None:
        self._seed = seed
        self._clock = clock
        self.accounts: list[Account] = []
        """Every account ever made, in order."""
        self.plc = PlcDirectory(clock)
        self.relays = [Relay(window=window, buffer=buffer) for _ in range(relays)]
        self.pdses = [Pds(self.plc.document, window=window, buffer=buffer) for _ in range(pdses)]
        for relay in self.relays:
            for pds in self.pdses:
                relay.crawl(pds)

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
    def relay(self) -> Relay:
        """The first relay."""
        return self.relays[0]

    @property
    def relay_url(self) -> str:
        """Websocket base URL of the first relay."""
        return self.relay_urls[0]

    @property
    def relay_urls(self) -> list[str]:
        """Websocket base URLs of the relays."""
        return [f"ws://{relay.host.name}" for relay in self.relays]

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

    def home(self, account: Account) -> Pds:
        """The PDS that hosts an account."""
        return next(pds for pds in self.pdses if pds.accounts.get(account.did) is account)

    def migrate(self, account: Account, pds: int) -> None:
        """Move an account to the PDS of that number; the one it leaves says `#account` last."""
        old, new = self.home(account), self.pdses[pds]
        if old is new or account.status == "deleted":
            raise ValueError(
                f"{account.handle} cannot move from {old.host.name} to {new.host.name}"
            )
        departed = Departed(account.did, account.repo, account.status or "deactivated")
        old.accounts[account.did] = departed
        new.accounts[account.did] = account
        account.move(new.host.url, new.publish)
        time = Datetime.from_micros(self._clock())
        old.publish(AccountMsg(0, account.did, time, departed.active, departed.status))

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
        pdses, relays = [pds.host for pds in self.pdses], [relay.host for relay in self.relays]
        return [self.plc.host, *pdses, *relays]
