"""Who is shown: a table of what an event told, what the account's PDS answers, and what follows.

An ``#account`` event comes from whoever runs a relay, may be late, and may be of a PDS that the
account has left. So it only raises the question. The answer is `getRepoStatus` at the PDS that the
DID document names at that moment (spec: account hosting status), and visibility follows its
``active``; the status only refines it.

    answer                   told               the account is         purged   asked again
    -----------------------  -----------------  ---------------------  -------  -----------
    tombstoned               whatever           hidden as deleted      yes      no
    active                   whatever           shown                  no       no
    inactive, deleted        whatever           hidden as deleted      yes      no
    inactive, other or none  whatever           hidden as answered     no       daily
    not found                deleted            hidden as deleted      yes      no
    not found                inactive           hidden as told         no       soon
    not found                active             as it was              no       soon
    not found                nothing            hidden as `not_found`  no       soon
    none                     deleted            hidden as deleted      no       soon
    none                     inactive           as it was              no       soon
    none                     active             shown                  no       soon
    none                     nothing            as it was              no       soon

*Told* is what the newest event said, as long as no PDS has stated anything (the upper four rows)
since; nothing is told where an account is in doubt for another reason. That it is active counts as
told for a day only: whoever said so may never have heard of the end.
*Tombstoned* is the PLC directory's word. *None* is every other end: no host, no time, no usable
identity, an answer that is none (law 10: unknown never means gone). *Soon* is after a minute,
doubled up to an hour, and daily once a day of that has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

DELETED = "deleted"
NOT_FOUND = "not_found"
"""Statuses that mean something here; the set is open."""
MAX_STATUS = 64
"""Characters of a status that are kept."""

SECOND = 1_000_000
FIRST_WAIT = 60 * SECOND
LAST_WAIT = 3_600 * SECOND
DAY = 86_400 * SECOND
PATIENT_FOR = 29
"""Tries without an answer that the schedule makes in a day."""


class Answer(StrEnum):
    """What came of asking; closed, and the values are metric labels."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    NOT_FOUND = "not_found"  # the PDS has no such account
    TOMBSTONED = "tombstoned"  # the PLC directory says that the DID is no more
    IDENTITY_ABSENT = "identity_absent"
    IDENTITY_INVALID = "identity_invalid"  # no usable document, or it names no PDS
    IDENTITY_UNAVAILABLE = "identity_unavailable"
    HOST_UNAVAILABLE = "host_unavailable"  # no connection, too slow, 429, 5xx
    HOST_REFUSED = "host_refused"  # an address that we do not ask
    REFUSED = "refused"  # any other answer that is none, as of a server without the method
    MALFORMED = "malformed"  # not of the method's form, or of another account


STATEMENTS = frozenset((Answer.ACTIVE, Answer.INACTIVE, Answer.TOMBSTONED))
"""The answers that settle what was told."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an event said; ``at`` is its own time, microseconds, never after its arrival."""

    active: bool
    status: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, the status that went with it, and the origin of the PDS that was asked."""

    answer: Answer
    status: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Hosting:
    """Whether an account is shown, and why not."""

    active: bool
    status: str | None = None


class Again(Enum):
    """When to ask again, if nothing new is told."""

    NO = auto()
    DAILY = auto()
    SOON = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows; without ``hosting`` the account stays as it was."""

    hosting: Hosting | None
    again: Again
    purge: bool = False


_SHOWN = Hosting(active=True)
_GONE = Hosting(active=False, status=DELETED)
_AS_IT_WAS = Decision(None, Again.SOON)
_PURGED = Decision(_GONE, Again.NO, purge=True)


def decide(told: Told | None, reply: Reply, now: int) -> Decision:
    """The table; ``now`` in microseconds."""
    if told is not None and told.active and now - told.at >= DAY:
        told = None
    match reply.answer:
        case Answer.TOMBSTONED:
            return _PURGED
        case Answer.ACTIVE:
            return Decision(_SHOWN, Again.NO)
        case Answer.INACTIVE if reply.status == DELETED:
            return _PURGED
        case Answer.INACTIVE:
            return Decision(Hosting(active=False, status=reply.status), Again.DAILY)
        case Answer.NOT_FOUND:
            return _not_found(told)
    return _unanswered(told)


def wait(again: Again, attempts: int, jitter: float) -> int | None:
    """Microseconds until the next question after ``attempts`` without a statement before this one.

    ``jitter`` is a factor about 1.
    """
    match again:
        case Again.NO:
            return None
        case Again.SOON if attempts < PATIENT_FOR:
            return int(min(FIRST_WAIT << attempts, LAST_WAIT) * jitter)
    return int(DAY * jitter)


def _not_found(told: Told | None) -> Decision:
    if told is None:
        return Decision(Hosting(active=False, status=NOT_FOUND), Again.SOON)
    if told.active:
        return _AS_IT_WAS
    if told.status == DELETED:
        return _PURGED
    return Decision(Hosting(active=False, status=told.status), Again.SOON)


def _unanswered(told: Told | None) -> Decision:
    if told is None:
        return _AS_IT_WAS
    if told.active:
        return Decision(_SHOWN, Again.SOON)
    return Decision(_GONE, Again.SOON) if told.status == DELETED else _AS_IT_WAS
