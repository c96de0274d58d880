"""A history: everything that happens on a network, as plain data that hypothesis makes and shrinks.

A step picks accounts, keys and hosts by number; who plays it takes the number modulo what there is,
so every list of steps can be played, also one from which hypothesis has taken some away. The same
seed gives the same history with the same version of hypothesis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

ACCOUNTS = 6
KEYS = 4
"""Keys of records in one collection of one account, so that keys come back after a deletion."""
EXAMPLES = 4
"""Examples that hypothesis makes for a seed; the longest is the seed's history."""

Kind: TypeAlias = Literal["track", "like", "comment", "list", "profile", "bsky", "post"]
Deed: TypeAlias = Literal[
    "rotate_key",
    "rename",
    "emit_sync",
    "deactivate",
    "takedown",
    "suspend",
    "migrate",
    "relay_takedown",
    "delete_account",
    "tombstone",
]
"""What hides an account is taken back by the same deed done again."""
Trouble: TypeAlias = Literal[
    "late", "shuffled", "duplicate", "drop", "break_frame", "break_block", "break_signature"
]
Lie: TypeAlias = Literal[
    "old_commit", "foreign_key", "foreign_sync", "false_root", "old_repo", "forged_status"
]
End: TypeAlias = Literal["stop", "abort", "kill"]
Closing: TypeAlias = Literal["commit", "announce", "backfill", "sweep"]
"""By what the index learns at the end what no event has told it; see `play`."""


@dataclass(frozen=True, slots=True)
class Change:
    """One write of a commit; `pick` chooses the key, `subject` what the record refers to.

    A record that is there is deleted or updated, any other created.
    """

    deletes: bool
    kind: Kind
    pick: int
    subject: int
    valid: bool


@dataclass(frozen=True, slots=True)
class Join:
    """A new account."""

    pds: int


@dataclass(frozen=True, slots=True)
class Write:
    """A commit with some writes; those that cannot be made in it are left out."""

    who: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """Something an account, or who hosts it, does with it."""

    who: int
    deed: Deed


@dataclass(frozen=True, slots=True)
class Afflict:
    """A fault between the PDSes and a relay; it strikes one message of `every`."""

    relay: int
    trouble: Trouble
    every: int


@dataclass(frozen=True, slots=True)
class Heal:
    """The end of all faults of a relay; what they held back arrives."""

    relay: int


@dataclass(frozen=True, slots=True)
class Tell:
    """A lie of a relay or a PDS about an account."""

    who: int
    lie: Lie
    pick: int


@dataclass(frozen=True, slots=True)
class Strike:
    """A host stalls, goes on, or loses all its connections."""

    host: int
    how: Literal["stall", "resume", "cut"]


@dataclass(frozen=True, slots=True)
class Restart:
    """The indexer ends, in order or not, and another begins after the next few steps."""

    end: End
    away: int


@dataclass(frozen=True, slots=True)
class Pause:
    """The indexer has so many milliseconds; `idle`: it is also done as soon as it has caught up."""

    millis: int
    idle: bool = False


Step: TypeAlias = Join | Write | Act | Afflict | Heal | Tell | Strike | Restart | Pause


@dataclass(frozen=True, slots=True)
class History:
    """What happens, and under which circumstances."""

    steps: tuple[Step, ...]
    relays: int
    window: int
    """Events that a relay can say again."""
    closing: Closing


_number = st.integers(0, 2**16)
_who = st.integers(0, ACCOUNTS - 1)
_DEEDS: tuple[Deed, ...] = get_args(Deed)
_KINDS: tuple[Kind, ...] = ("track", "track", "like", "like", *get_args(Kind))
_change = st.builds(
    Change,
    deletes=st.booleans(),
    kind=st.sampled_from(_KINDS),
    pick=_number,
    subject=_number,
    valid=st.sampled_from((True, True, True, True, False)),
)
_write = st.builds(Write, _who, st.lists(_change, min_size=1, max_size=5).map(tuple))
_act = st.builds(Act, _who, st.sampled_from(_DEEDS))
_afflict = st.builds(
    Afflict,
    relay=st.integers(0, 1),
    trouble=st.sampled_from(get_args(Trouble)),
    every=st.integers(1, 4),
)
_tell = st.builds(Tell, _who, st.sampled_from(get_args(Lie)), _number)
_strike = st.builds(
    Strike, st.integers(0, 4), st.sampled_from(("stall", "resume", "resume", "cut"))
)
_restart = st.builds(Restart, st.sampled_from(get_args(End)), st.integers(0, 6))
_STEPS: tuple[st.SearchStrategy[Step], ...] = (
    st.builds(Pause, st.integers(0, 30)),  # the first is what hypothesis shrinks to: nothing
    *[_write] * 10,
    *[_act] * 4,
    _afflict,
    st.builds(Heal, st.integers(0, 1)),
    *[st.builds(Pause, st.just(400), idle=st.just(True))] * 2,
    _tell,
    _strike,
    _restart,
    st.builds(Join, st.integers(0, 1)),
)


@st.composite
def _step(draw: st.DrawFn) -> Step:
    return draw(_STEPS[draw(st.integers(0, len(_STEPS) - 1))])


histories = st.builds(
    History,
    steps=st.lists(_step(), min_size=30, max_size=90).map(tuple),
    relays=st.sampled_from((1, 1, 2)),
    window=st.sampled_from((60, 10_000)),
    closing=st.sampled_from(get_args(Closing)),
)

QUIET = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


def history_of(seed: int) -> History:
    """The history of a seed."""
    made: list[History] = []

    @hypothesis.seed(seed)
    @QUIET
    @given(histories)
    def collect(history: History) -> None:
        made.append(history)

    collect()
    return max(made, key=lambda history: len(history.steps))
