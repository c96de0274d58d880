"""Room for subscribers: so many in all, and so many of one address.

An address is that of `atp.runtime.caller`, so a process on this machine is not counted by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from atp.runtime.asgi import Request
from atp.runtime.caller import Network, caller_address
from atp.runtime.xrpc import XrpcError
from labeler.stream_metrics import Metrics, Refusal

MAX_SUBSCRIBERS = 1_500
MAX_OF_ADDRESS = 25
"""More than a household or an office has use for; sixty addresses are needed to take all places."""


class Places:
    """The places that are taken; ``proxies`` are believed as to for whom they ask."""

    def __init__(self, proxies: Sequence[Network], metrics: Metrics) -> None:
        self._proxies = frozenset(proxies)
        self._metrics = metrics
        self._of: Counter[str] = Counter()
        self.taken = 0

    @contextmanager
    def one(self, request: Request) -> Iterator[None]:
        """A place as long as the block. Raises `XrpcError` where there is none."""
        if self.taken >= MAX_SUBSCRIBERS:
            self._metrics.refused(Refusal.FULL)
            message = "There are too many subscribers; try again later"
            raise XrpcError(503, "NotEnoughResources", message)
        address = caller_address(request, self._proxies)
        if address is not None and self._of[address] >= MAX_OF_ADDRESS:
            self._metrics.refused(Refusal.ADDRESS)
            message = f"There are {MAX_OF_ADDRESS} subscriptions of {address}; end one of them"
            raise XrpcError(429, "RateLimitExceeded", message)
        self._take(address, 1)
        try:
            yield
        finally:
            self._take(address, -1)

    def _take(self, address: str | None, places: int) -> None:
        self.taken += places
        self._metrics.subscribed(self.taken)
        if address is not None:
            self._of[address] += places
            if not self._of[address]:
                del self._of[address]
