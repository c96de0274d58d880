"""The relay: every PDS's events in one stream, numbered anew.

It is handed the events of the PDSes in process, so that a world with the same seed, clock and deeds
says the same bytes each time. What it is handed first goes through the faults that a test has
inflicted; the rest of the relay believes what comes out, as a relay with a bad link would. Events
from a PDS that is not the account's home are ignored, unless the relay is `credulous`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from atp import car
from atp.datetime import Datetime
from atp.errors import CarError
from atp.frames import AccountMsg, CommitMsg, SyncMsg
from atp.syntax import Did
from ops.world import relay_reads
from ops.world.events import EventLog, Item, Message, account_of
from ops.world.faults import Fault
from ops.world.firehose import SUBSCRIBE_PATH, Firehose
from ops.world.host import Host
from ops.world.pds import Pds
from ops.world.relay_reads import Known
from ops.world.xrpc import dispatcher


class Relay:
    """Crawls PDSes and serves their merged firehose, the last `window` events of it again."""

    def __init__(self, *, window: int, buffer: int) -> None:
        self.log = EventLog(window)
        self.credulous = False
        self._faults: list[Fault] = []
        self.known: dict[Did, Known] = {}
        """In the order in which they were first heard of."""
        self._crawled: list[Pds] = []
        self.host = Host()
        self.firehose = Firehose(self.log, self.host.flowing, buffer)
        self.host.answer(
            {
                SUBSCRIBE_PATH: self.firehose.subscribe,
                "/xrpc/{nsid}": dispatcher(relay_reads.methods(self.known, self._crawled)),
            }
        )

    def crawl(self, pds: Pds) -> None:
        """Follow a PDS from now on."""
        self._crawled.append(pds)
        pds.followers.append(partial(self._receive, pds))

    def afflict(self, fault: Fault) -> None:
        """Put a fault between the PDSes and this relay, after those already there."""
        self._faults.append(fault)

    def heal(self) -> None:
        """Take all faults away; what they still hold back arrives now."""
        faults, self._faults = self._faults, []
        for place, fault in enumerate(faults, 1):
            self._let_through(fault.drain(), faults[place:])

    def takedown(self, did: Did, now_micros: int) -> None:
        """Hide an account of which something has come; nothing of it is passed on meanwhile."""
        self.known[did].takendown = True
        self._state_status(did, now_micros)

    def untakedown(self, did: Did, now_micros: int) -> None:
        """Show the account again as its PDS has it."""
        self.known[did].takendown = False
        self._state_status(did, now_micros)

    def _state_status(self, did: Did, now_micros: int) -> None:
        known = self.known[did]
        time = Datetime.from_micros(now_micros)
        self.log.append(AccountMsg(0, did, time, known.active, known.status))

    def _receive(self, pds: Pds, message: Message) -> None:
        did = account_of(message)
        known = self.known.setdefault(did, Known(pds))
        if not pds.left_by(did):
            known.pds = pds
        elif not self.credulous:
            return
        self._let_through([message], self._faults)

    def _let_through(self, items: Sequence[Item], faults: Sequence[Fault]) -> None:
        for fault in faults:
            items = [arrived for item in items for arrived in fault.feed(item)]
        for item in items:
            if isinstance(item, bytes) or not self._note(item).takendown:
                self.log.append(item)

    def _note(self, message: Message) -> Known:
        known = self.known[account_of(message)]
        if isinstance(message, AccountMsg):
            known.upstream_active, known.upstream_status = message.active, message.status
        elif isinstance(message, CommitMsg):
            known.head, known.rev = message.commit, message.rev
        elif isinstance(message, SyncMsg):
            with suppress(CarError):  # what a fault has ruined is passed on, and tells nothing
                known.head, known.rev = car.read(message.blocks).roots[0], message.rev
        return known
