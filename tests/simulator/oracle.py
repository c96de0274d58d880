"""What is right: the model's truth, in the words in which an index is asked for it.

The truth is counted over the model's own records by the slow, obvious way; nothing of the indexer's
takes part. An account that is hidden shows nothing and counts nowhere; a deleted one holds nothing.
Bluesky profiles are expected of the accounts that an index follows, whoever those are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from atp import cbor
from atp.data import record_from_json
from atp.syntax import AtUri, Nsid
from lexicons.names import FOREIGN_PROFILE, Names
from ops.world.network import World
from tests.e2e.running import facts, opened

NAMES = Names()

Rows: TypeAlias = dict[str, Any]
Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What an index should say, or says, by URI or DID."""

    records: Rows = field(default_factory=dict)  # (CID, value, valid) of what is not hidden
    likes: Rows = field(default_factory=dict)
    comments: Rows = field(default_factory=dict)
    lists: Rows = field(default_factory=dict)
    items: Rows = field(default_factory=dict)  # the subjects of each list, in order
    held: Rows = field(default_factory=dict)  # records, tracks, likes, comments, lists, seconds
    handles: Rows = field(default_factory=dict)
    hidden: Rows = field(default_factory=dict)  # the status of an account that the index knows
    odd: Rows = field(default_factory=dict)  # what no index may say


def truth(world: World, followed: set[str]) -> Facts:
    """The model's facts, for an index that follows these accounts."""
    statuses, records = world.statuses(), world.records()
    ours = {uri: found for uri, found in records.items() if uri.collection in NAMES.collections}
    valid = {uri: value for uri, (_, value) in ours.items() if _is_valid(value)}
    mine = {
        did: {uri: value for uri, value in valid.items() if uri.authority == did}
        for did in statuses
    }
    return Facts(
        records={
            str(uri): (cid.hex(), cbor.encode(record_from_json(value)).hex(), _is_valid(value))
            for uri, (cid, value) in records.items()
            if uri in ours or (uri.collection == FOREIGN_PROFILE and uri.authority in followed)
        },
        likes={
            subject: len(who)
            for subject, who in _referring(valid, NAMES.like, by_account=True).items()
        },
        comments={
            subject: len(which) for subject, which in _referring(valid, NAMES.comment).items()
        },
        lists={subject: len(which) for subject, which in _referring(valid, NAMES.list).items()},
        items={
            str(uri): _subjects(value)
            for uri, value in valid.items()
            if uri.collection == NAMES.list and value["items"]
        },
        held={
            str(did): (
                sum(uri.authority == did for uri in ours),
                sum(uri.collection == NAMES.track for uri in own),
                len(_referring(own, NAMES.like)),
                sum(uri.collection == NAMES.comment for uri in own),
                sum(uri.collection == NAMES.list for uri in own),
                sum(value.get("duration", 0) for value in own.values()),
            )
            for did, own in mine.items()
            if any(uri.authority == did for uri in ours)
        },
        handles={
            str(account.did): str(account.handle)
            for account in world.accounts
            if any(uri.authority == account.did for uri in ours)
        },
        hidden={str(did): status for did, status in statuses.items() if status and did in followed},
    )


def said(folder: Path, world: World, followed: set[str], *, told: bool) -> Facts:
    """The facts of an index.

    Unless it was `told` of every status, a deleted account is no more to it than one that its PDS
    does not find: hidden, under whatever name.
    """
    hidden = {str(did): status for did, status in world.statuses().items() if status}
    got = Facts()
    for name, *row in facts(folder):
        key: Any = row[0]
        did = str(key).split("/")[2] if name != "held" else key
        if name == "record":
            _, cid, value, state, shown = row
            if shown != (state == "valid" and did not in hidden):
                got.odd[key] = f"{state}, and shown: {bool(shown)}"
            if told and hidden.get(did) == "deleted":
                got.odd[key] = "not purged"
        if name == "counters":
            for counted, count in zip((got.likes, got.comments, got.lists), row[1:], strict=True):
                if count:
                    counted[key] = count
        elif did in hidden:
            continue
        elif name == "record":
            got.records[key] = (cid, value, state == "valid")
        elif name == "held":
            got.held[key] = tuple(row[1:])
        elif name == "item":
            got.items.setdefault(key, []).append(row[2])
    with opened(folder) as conn:
        for did, handle, active, status in conn.execute(
            "SELECT did, handle, active, upstream_status FROM actors"
        ):
            if not active and did in followed:
                vague = not told and hidden.get(str(did)) == "deleted"
                got.hidden[str(did)] = "deleted" if vague else status
            if did in got.held:
                got.handles[str(did)] = handle
    return got


def followed_by(folder: Path) -> set[str]:
    """The accounts whose repos an index has seen anything of."""
    with opened(folder) as conn:
        found = conn.execute(
            "SELECT a.did FROM repos r JOIN actors a ON a.id = r.actor WHERE r.rev IS NOT NULL"
        )
        return {str(did) for (did,) in found}


def differences(world: World, folder: Path, *, told: bool) -> list[str]:
    """What the index lacks, has too much, or has wrong; each in a line."""
    followed = followed_by(folder)
    right, found = truth(world, followed), said(folder, world, followed, told=told)
    return [
        f"{kind} {key}: {got.get(key)}, not {expected.get(key)}"
        for kind in Facts.__dataclass_fields__
        for expected, got in [(getattr(right, kind), getattr(found, kind))]
        for key in sorted(expected.keys() | got.keys())
        if expected.get(key) != got.get(key)
    ]


def _referring(
    valid: Mapping[AtUri, Json], collection: Nsid, *, by_account: bool = False
) -> dict[str, set[str]]:
    """Who, or which record, refers to each subject."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for uri, value in valid.items():
        if uri.collection == collection:
            for subject in _subjects(value):
                found[subject].add(uri.authority if by_account else uri)
    return found


def _is_valid(value: Json) -> bool:
    """Whether a record is of its lexicon's form: the player spoils no other fields than these."""
    return all(isinstance(value.get(name, ""), str) for name in ("createdAt", "displayName"))


def _subjects(value: Json) -> list[str]:
    """The URIs that a record refers to."""
    items = value.get("items", [value])
    return [item["subject"]["uri"] for item in items]
