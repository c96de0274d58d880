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
    UNSEEN = "unseen"  # others refer to it, and it has not arrived
    INVALID = "invalid"  # it breaks its schema


@dataclass(frozen=True, slots=True)
class Account:
    """Whether an account is shown; ``status`` says why not, where anybody has said it."""

    active: bool
    status: str | None


@dataclass(frozen=True, slots=True)
class Repo:
    """A followed repo; ``rev`` and ``data`` are None before its first commit.

    ``attempts`` counts fetches since the last that made it complete, ``resyncs`` those that did.
    """

    account: Account
    rev: Tid | None
    data: Cid | None
    state: str
    reason: str | None
    changed_at: int
    pds: str | None
    attempts: int
    failure: str | None
    failure_detail: str | None
    resyncs: int
    resynced_at: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the index has under a URI."""

    account: Account
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


def unshown(uri: AtUri, names: Names, standing: Standing | None) -> Unshown | None:
    """Why a URI with this ``standing`` is not shown; None when it is.

    Of several reasons the first in the order of `Unshown`.
    """
    if uri.rkey is None or uri.collection not in (*names.collections, FOREIGN_PROFILE):
        return Unshown.NOT_INDEXED
    if standing is None:
        return Unshown.UNKNOWN
    if standing.state == "deleted":
        return Unshown.DELETED
    if not standing.account.active:
        return Unshown.ACCOUNT_HIDDEN
    return None if standing.state == "valid" else Unshown(standing.state)
