"""The indexer's patience, shortened: a history has seconds where a network has hours.

And its strides: a repair of a dozen records takes several transactions.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from atp.runtime import websocket
from indexer import (
    ask,
    consume,
    discover,
    fetch,
    hosting,
    hosts,
    identities,
    lanes,
    read_follows,
    repair,
    resync,
    write,
)
from indexer import statuses as asking
from indexer.store import handles, statuses
from indexer.sweep import Pace
from pds_client import identity

MILLISECOND = 1_000

WAITS: tuple[tuple[ModuleType, str, float], ...] = (
    (ask, "PATIENCE", 0.5),
    (asking, "IDLE", 0.1),
    (asking, "PAUSE", 0.01),
    (consume, "BACKOFF_MAX", 0.1),
    (discover, "RETRY_AFTER", 0.1),
    (fetch, "REST", 0.05),
    (handles, "FIRST_WAIT", 50 * MILLISECOND),
    (handles, "LAST_WAIT", 200 * MILLISECOND),
    (hosting, "DAY", 300 * MILLISECOND),
    (hosting, "FIRST_WAIT", 50 * MILLISECOND),
    (hosting, "LAST_WAIT", 200 * MILLISECOND),
    (hosting, "PATIENT_FOR", 4),
    (hosts, "MAX_REST", 0.2),
    (hosts, "REST", 0.05),
    (identities, "IDLE", 0.1),
    (identities, "PAUSE", 0.01),
    (identity, "ABSENT_FOR", 0.05),
    (identity, "INVALID_FOR", 0.05),
    (identity, "REFRESH_EVERY", 0.05),
    (identity, "UNAVAILABLE_FOR", 0.05),
    (lanes, "HURRY", 0.2),
    (lanes, "PATIENCE", 0.5),
    (read_follows, "REST", 0.05),
    (repair, "STEP", 3),
    (resync, "FIRST_WAIT", 20 * MILLISECOND),
    (resync, "IDLE", 0.2),
    (resync, "LAST_WAIT", 200 * MILLISECOND),
    (resync, "PAUSE", 0.01),
    (resync, "SOON", 10 * MILLISECOND),
    (statuses, "DOUBT_SPACING", 50 * MILLISECOND),
    (statuses, "SPACING", 10 * MILLISECOND),
    (websocket, "BACKOFF_FIRST", 0.02),
    (websocket, "BACKOFF_MAX", 0.1),
    (write, "BEAT", 0.05),
)

RARE = Pace()
"""The sweep comes to nobody while a history lasts."""
OFTEN = Pace(everybody=0.1, fastest=0.01, slowest=0.05, host=0.02, grace=0.1)
"""It comes to everybody many times."""


def shorten(change: Callable[[ModuleType, str, float], None] = setattr) -> None:
    """Shorten them by `change`, for good where it is `setattr`."""
    for module, name, value in WAITS:
        assert hasattr(module, name), f"{module.__name__} has no {name}"
        change(module, name, value)
