"""What can go wrong between a PDS and the relay, to be inflicted on a relay's intake.

A fault is fed each event on its way in and gives back what arrives instead. It strikes before the
relay numbers the event, so the damage is in the relay's log and every subscriber, now and on
replay, sees the same. What strikes a whole server (stall, cut) is in `ops.world.host`.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol

from atp import car, frames
from atp.commit import Commit
from atp.errors import CarError
from atp.frames import CommitMsg, SyncMsg
from ops.world.events import Item, Message, account_of


class Fault(Protocol):
    """Something wrong with the link."""

    def feed(self, item: Item) -> Sequence[Item]:
        """What arrives now that `item` has been sent."""

    def drain(self) -> Sequence[Item]:
        """What was held back, once the fault is over."""


@dataclass(frozen=True, slots=True)
class Strike:
    """Does `how` to every message that `when` picks; `how` is one of the functions below."""

    how: Callable[[Message], Sequence[Item]]
    when: Callable[[Message], bool]

    def feed(self, item: Item) -> Sequence[Item]:
        """The item, or what is left of it."""
        return [item] if isinstance(item, bytes) or not self.when(item) else self.how(item)

    def drain(self) -> Sequence[Item]:
        """Nothing."""
        return ()


def drop(_: Message) -> Sequence[Item]:
    """Lose the message."""
    return ()


def duplicate(message: Message) -> Sequence[Item]:
    """Deliver the message twice."""
    return (message, message)


def break_frame(message: Message) -> Sequence[Item]:
    """Cut the frame off in its middle."""
    frame = frames.encode(message)
    return (frame[: len(frame) // 2],)


def break_block(message: Message) -> Sequence[Item]:
    """Change a block so that it is no longer what its CID says."""
    if not isinstance(message, CommitMsg | SyncMsg):
        return (message,)
    blocks = message.blocks[:-1] + bytes([message.blocks[-1] ^ 1])
    return (replace(message, blocks=blocks),)


def break_signature(message: Message) -> Sequence[Item]:
    """Change the commit's signature; every hash is right again. A broken CAR stays as it is."""
    if not isinstance(message, CommitMsg | SyncMsg):
        return (message,)
    try:
        content = car.read(message.blocks)
    except CarError:
        return (message,)
    [root] = content.roots
    commit = Commit.from_bytes(content.blocks[root])
    assert commit.sig is not None
    forged = replace(commit, sig=commit.sig[:-1] + bytes([commit.sig[-1] ^ 1]))
    others = [block for block in content.blocks.items() if block[0] != root]
    blocks = car.write([forged.cid], [*others, (forged.cid, forged.to_bytes())])
    if isinstance(message, CommitMsg):
        return (replace(message, blocks=blocks, commit=forged.cid),)
    return (replace(message, blocks=blocks),)


@dataclass(slots=True)
class Reorder:
    """Holds `held` events back and lets a random one of them go for each that comes in.

    The order within an account stays as it was, unless `within_accounts` is set.
    """

    rng: Random
    held: int
    within_accounts: bool = False
    _queues: defaultdict[Hashable, deque[Message]] = field(
        default_factory=lambda: defaultdict(deque), init=False
    )

    def feed(self, item: Item) -> Sequence[Item]:
        """At most one event, the head of a random queue."""
        if isinstance(item, bytes):
            return [item]
        self._queues[object() if self.within_accounts else account_of(item)].append(item)
        return [self._release()] if self._holding() > self.held else []

    def drain(self) -> Sequence[Item]:
        """All that is held, in random order."""
        return [self._release() for _ in range(self._holding())]

    def _holding(self) -> int:
        return sum(map(len, self._queues.values()))

    def _release(self) -> Message:
        name = self.rng.choice(list(self._queues))
        item = self._queues[name].popleft()
        if not self._queues[name]:
            del self._queues[name]
        return item
