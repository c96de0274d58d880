"""Telling the indexer who asks for a timeline, since it alone reads and keeps follows.

Who is new waits for the first of their follows, but not for long; who is known waits for nothing.
An indexer that cannot be reached is no reason not to answer with what there is.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from appview.network import Network
from appview.store import Store
from appview.store_timeline import is_viewer
from atp.runtime import log
from atp.runtime.control import ControlError, NotRunning
from atp.syntax import Did

BUDGET = 2.0
"""Seconds for which a new viewer waits."""
TELL_EVERY = 3_600_000_000
"""µs after which the indexer is told again that a known viewer asks."""
MAX_REMEMBERED = 100_000
"""Viewers of whom is known when the indexer was told; of more, it is told once too often."""

Command = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Has the indexer carry out a control command; raises `NotRunning` or `ControlError`."""

logger = log.get("timeline")


async def no_indexer(_command: str, _args: dict[str, Any]) -> dict[str, Any]:
    """Stands for an indexer that there is not."""
    raise NotRunning("the AppView runs without an indexer")


class Viewers:
    """Tells the indexer; ``now`` gives µs."""

    def __init__(self, network: Network, command: Command, now: Callable[[], int]) -> None:
        self._network = network
        self._command = command
        self._now = now
        self._told: OrderedDict[Did, int] = OrderedDict()
        self._telling: dict[Did, asyncio.Task[None]] = {}

    async def ask(self, store: Store, did: Did) -> None:
        """Note that an account asks for its timeline; see that there is something to answer."""
        new, told = not is_viewer(store, did), self._told.get(did)
        if not new and told is not None and self._now() < told + TELL_EVERY:
            return
        telling = self._telling.get(did)
        if telling is None:
            telling = self._telling[did] = self._network.start(self._tell(did))
        if new:
            await asyncio.wait({telling}, timeout=BUDGET)

    async def _tell(self, did: Did) -> None:
        self._told[did] = self._now()
        self._told.move_to_end(did)
        if len(self._told) > MAX_REMEMBERED:
            self._told.popitem(last=False)
        try:
            await self._command("follow-viewer", {"did": did})
        except (NotRunning, ControlError) as exc:
            logger.warning("the indexer was not told who asks", did=did, why=str(exc))
        finally:
            del self._telling[did]
