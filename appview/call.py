"""One call of a method: what is asked, by whom, and when."""

from __future__ import annotations

from dataclasses import dataclass

from appview.params import Params
from atp.syntax import Did


@dataclass(frozen=True, slots=True)
class Call:
    """``viewer`` is the account that asks, proven by its token; None for anybody.

    ``now`` is µs since the epoch, the same for the whole answer.
    """

    params: Params
    viewer: Did | None
    now: int
