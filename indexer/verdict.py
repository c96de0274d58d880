"""What became of an event; every routed event gets exactly one verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from indexer.reasons import Reason
from indexer.store.repos import Desync


class Verdict(StrEnum):
    """The four ends of a routed event."""

    APPLIED = "applied"
    REPLAYED = "replayed"  # the index already stood at or past its rev
    DEFERRED = "deferred"  # not usable now; its repo waits for a full check
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Applied:
    """A verdict, with the reason where there is one."""

    verdict: Verdict
    reason: Reason | Desync | None = None


APPLIED = Applied(Verdict.APPLIED)
REPLAYED = Applied(Verdict.REPLAYED)
