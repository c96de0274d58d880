"""How repos, URIs and accounts stand in the index: its answers about itself are made of these.

Times are µs since the epoch; what there is not yet, or not any more, is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from atp.cid import Cid
from atp.syntax import AtUri
from atp.tid import Tid
from lexicons.names import FOREIGN_PROFILE, Names


class Unshown(StrEnum):
    """Why a URI is not shown; closed, and the values are those of the lexicon."""

    NOT_INDEXED = "notIndexed"  # it names no record, or one of a collection that is not followed
    UNKNOWN = "unknown"  # nothing was ever seen of it
    DELETED = "deleted"  # its account has deleted it, or was deleted
    ACCOUNT_HIDDEN = "accountHidden"
    TAKEN_DOWN = "takenDown"  # a label of this service's own removes it, or its account for a time
    UNSEEN = "unseen"  # others refer to it, and it has not arrived
    INVALID = "invalid"  # it breaks its schema


class Existence(StrEnum):
    """Whether a record that has not come may exist; closed, and the values are the lexicon's."""

    ACCOUNT_UNKNOWN = "accountUnknown"  # nothing here ever named its account
    NOT_FOLLOWED = "repoNotFollowed"  # its account is known; nobody found records of ours with it
    ABSENT = "absent"  # all of its repo is here, and the record is not part of it
    POSSIBLE = "possible"  # not all of its repo is here


@dataclass(frozen=True, slots=True)
class Told:
    """What the newest account event said, its own time, and the URL of the source it came from."""

    active: bool
    status: str | None
    at: int
    source: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of asking the account's PDS last, and the origin of that one."""

    answer: str
    status: str | None
    at: int
    pds: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """Whether an account is shown; ``status`` says why not, where anybody has said it.

    ``taken_down`` is by this operator, whatever others say.
    """

    active: bool
    status: str | None
    taken_down: bool
    told: Told | None
    answered: Answered | None


@dataclass(frozen=True, slots=True)
class Check:
    """What its PDS last told of a repo, and when it was last asked; ``data`` is the MST root.

    After a ``failure`` the rest is from an earlier check.
    """

    at: int | None
    rev: Tid | None
    commit: Cid | None
    data: Cid | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Gap:
    """When commits were last missed, why, and how far the repo was applied then."""

    at: int
    reason: str
    rev: Tid | None


@dataclass(frozen=True, slots=True)
class Repo:
    """A followed repo; ``rev`` and ``data`` are None before its first commit.

    ``attempts`` counts fetches since the last that made it complete, ``resyncs`` those that did;
    it is not fetched before ``due_at``.
    """

    account: Account
    rev: Tid | None
    data: Cid | None
    check: Check
    gap: Gap | None
    state: str
    reason: str | None
    changed_at: int
    pds: str | None
    due_at: int
    attempts: int
    failure: str | None
    failure_detail: str | None
    resyncs: int
    resynced_at: int | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The URL of a source, or of the PDS from which a repo was fetched as a repair."""

    url: str
    repair: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What the index has under a URI; ``origin`` is where its value came from."""

    account: Account
    origin: Origin | None
    state: str
    rev: Tid | None
    cid: Cid | None
    first_seen: int | None
    problems: Sequence[str]
    likes: int
    comments: int
    lists: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves a record: the commit first, then nodes from the root down, then the record."""

    commit: Cid
    blocks: Sequence[tuple[Cid, bytes]]


def unshown(
    uri: AtUri, names: Names, standing: Standing | None, *, taken_down: bool = False
) -> Unshown | None:
    """Why a URI with this ``standing`` is not shown; None when it is.

    ``taken_down`` is whether our own labeler removes it. Of several reasons the first in the order
    of `Unshown`.
    """
    if uri.rkey is None or uri.collection not in (*names.collections, FOREIGN_PROFILE):
        return Unshown.NOT_INDEXED
    if standing is None:
        return Unshown.UNKNOWN
    if standing.state == "deleted":
        return Unshown.DELETED
    if not standing.account.active:
        return Unshown.ACCOUNT_HIDDEN
    if taken_down:
        return Unshown.TAKEN_DOWN
    return None if standing.state == "valid" else Unshown(standing.state)


def existence(repo: Repo | None, standing: Standing | None, *, known: bool) -> Existence | None:
    """Whether a record of a followed collection may exist; None where the record itself tells.

    ``known`` is whether its account was ever named here.
    """
    if standing is not None and standing.state != "unseen":
        return None
    if repo is None:
        return Existence.NOT_FOLLOWED if known else Existence.ACCOUNT_UNKNOWN
    complete = repo.state == "synchronized" or repo.reason == "account_deleted"
    return Existence.ABSENT if complete else Existence.POSSIBLE
