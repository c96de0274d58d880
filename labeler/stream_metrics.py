"""What is counted of the label stream."""

from __future__ import annotations

from enum import StrEnum

from atp.runtime.metrics import Registry


class Refusal(StrEnum):
    """Why somebody is not served."""

    CURSOR = "cursor"
    """It is no sequence number."""
    FUTURE_CURSOR = "future_cursor"
    FULL = "full"
    """There are too many subscribers."""
    ADDRESS = "address"
    """There are too many of the same address."""


class Metrics:
    """The series of one process."""

    def __init__(self, registry: Registry) -> None:
        self._subscribers = registry.gauge("label_subscribers", "Open subscriptions.")
        self._frames = registry.counter(
            "label_frames_total", "Messages with a label, to all subscribers together."
        )
        self._refusals = registry.counter(
            "label_refusals_total", "Subscriptions refused, by why.", reason=Refusal
        )
        self._too_slow = registry.counter(
            "label_consumers_too_slow_total", "Subscriptions ended as they were not read."
        )

    def subscribed(self, count: int) -> None:
        """So many subscriptions are open."""
        self._subscribers.set(count)

    def sent(self, frames: int) -> None:
        """Labels went to a subscriber."""
        self._frames.inc(by=frames)

    def refused(self, why: Refusal) -> None:
        """Somebody is not served."""
        self._refusals.inc(why)

    def too_slow(self) -> None:
        """A subscriber did not read."""
        self._too_slow.inc()
