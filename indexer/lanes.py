"""Lanes: order within a DID, freedom between DIDs, and a bound on all of it.

A message whose verification needs no look-up is done on the spot, unless its DID has a lane. One
that must wait opens a lane, and all that follows of that DID queues behind it. Memory is bounded by
the sources, which stop reading while too much is under way or ``crowded`` is true. So that one dead
host delays nobody, a look-up has `PATIENCE` seconds, and `HURRY` once its lane or their number has
grown; then everything in the lane is deferred and its repo marked for a full check.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from atp.syntax import Did
from indexer.event import Deferred, Item, Outcome
from indexer.store.repos import Desync
from indexer.verify import Verifier

PATIENCE = 10.0  # seconds that a look-up may take
HURRY = 1.0  # seconds that it has left once others are held up
MAX_LANE = 64  # messages that wait for one DID before it is hurried
MAX_LANES = 128  # DIDs that wait before all of them are hurried


@dataclass(slots=True)
class _Lane:
    """What waits for one DID, and the limit of the look-up that it waits for."""

    items: deque[Item] = field(default_factory=deque)
    limit: asyncio.Timeout | None = None

    def hurry(self) -> None:
        """Leave the look-up no more than `HURRY`."""
        if self.limit is not None:
            soon = asyncio.get_running_loop().time() + HURRY
            when = self.limit.when()
            if when is not None and when > soon:
                self.limit.reschedule(soon)


class Lanes:
    """Verifies items in order per DID and passes each on with its outcome.

    ``done`` is called once for every item submitted, in lane order, from the event loop.
    """

    def __init__(
        self,
        verifier: Verifier,
        done: Callable[[Item, Outcome], None],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._verifier = verifier
        self._done = done
        self._tasks = tasks
        self._lanes: dict[Did, _Lane] = {}

    def __len__(self) -> int:
        """How many DIDs wait for a look-up."""
        return len(self._lanes)

    @property
    def crowded(self) -> bool:
        """Whether sources are to stop reading for now."""
        return len(self._lanes) > MAX_LANES

    def submit(self, item: Item) -> None:
        """Take an item; never waits."""
        lane = self._lanes.get(item.did)
        if lane is None:
            outcome = self._verifier.at_once(item.message)
            if outcome is not None:
                self._done(item, outcome)
                return
            lane = self._lanes[item.did] = _Lane()
            self._tasks.create_task(self._run(item.did, lane))
            if self.crowded:
                for other in self._lanes.values():
                    other.hurry()
        lane.items.append(item)
        if len(lane.items) == MAX_LANE:
            lane.hurry()

    async def _run(self, did: Did, lane: _Lane) -> None:
        failed: Deferred | None = None
        while lane.items:
            item = lane.items[0]
            outcome = self._verifier.at_once(item.message)
            if outcome is None:
                # What waited behind a failed look-up shares its end, or each would wait in turn.
                outcome = failed or await self._look_up(item, lane)
            failed = outcome if isinstance(outcome, Deferred) else None
            lane.items.popleft()
            self._done(item, outcome)
        del self._lanes[did]

    async def _look_up(self, item: Item, lane: _Lane) -> Outcome:
        try:
            async with asyncio.timeout(PATIENCE) as lane.limit:
                if len(lane.items) >= MAX_LANE or self.crowded:
                    lane.hurry()
                return await self._verifier.looked_up(item.message)
        except TimeoutError:
            return Deferred(item.did, Desync.IDENTITY_UNAVAILABLE)
        finally:
            lane.limit = None
