"""The event log of one server: what its firehose has said, in order, as far back as it replays.

A server stamps its own sequence number on each message and keeps the finished frames of the last
`window` events. As on a real PDS, deleting an account takes the account's earlier events out of the
replay, so a live recording and a replay differ and sequence numbers have gaps.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TypeAlias

from atp import frames
from atp.frames import AccountMsg, CommitMsg, IdentityMsg, SyncMsg
from atp.syntax import Did

Message: TypeAlias = CommitMsg | SyncMsg | IdentityMsg | AccountMsg
Item: TypeAlias = Message | bytes
"""What a link delivers: a message, or a frame that is no message any more."""


def account_of(message: Message) -> Did:
    """The account a message is about."""
    return message.repo if isinstance(message, CommitMsg) else message.did


@dataclass(frozen=True, slots=True)
class Event:
    """One frame as it goes on the wire; `did` is None where the frame is not a message at all."""

    seq: int
    did: Did | None
    frame: bytes


class EventLog:
    """Events in the order of their sequence numbers, which begin at 1."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._events: list[Event] = []
        self._grown = asyncio.Event()
        self.last = 0
        self.evicted = 0
        """Sequence number of the newest event that the window has let go."""

    def append(self, item: Item) -> None:
        """Number a message and log it; bytes, a frame that faults ruined, go in as they are."""
        self.last += 1
        if isinstance(item, bytes):
            event = Event(self.last, None, item)
        else:
            did = account_of(item)
            if isinstance(item, AccountMsg) and item.status == "deleted":
                self._events = [event for event in self._events if event.did != did]
            event = Event(self.last, did, frames.encode(replace(item, seq=self.last)))
        self._events.append(event)
        surplus = len(self._events) - self._window
        if surplus > 0:
            self.evicted = self._events[surplus - 1].seq
            del self._events[:surplus]
        self._grown.set()
        self._grown = asyncio.Event()

    def after(self, seq: int) -> list[Event]:
        """The events still held whose number is greater than `seq`."""
        return self._events[bisect_right(self._events, seq, key=lambda event: event.seq) :]

    async def beyond(self, seq: int) -> None:
        """Return once an event with a number greater than `seq` has been logged."""
        while self.last <= seq:
            await self._grown.wait()
