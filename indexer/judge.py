"""Whether a record is indexed, and what is to be said of it either way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from atp.cbor import Value
from atp.errors import InvalidIdentifier
from atp.syntax import Datetime, Nsid
from lexicons.catalog import Catalog
from lexicons.names import Names
from lexicons.records import check_record


@dataclass(frozen=True, slots=True)
class Judgement:
    """``notes`` are the problems that make a record invalid, or the shapes that were tolerated."""

    valid: bool
    notes: tuple[str, ...]

    def as_json(self) -> str | None:
        """The notes as they are stored; None where there are none."""
        return orjson.dumps(list(self.notes)).decode() if self.notes else None


_FLAWLESS = Judgement(True, ())


def judge(
    catalog: Catalog, names: Names, collection: Nsid, rkey: str, value: Mapping[str, Value]
) -> Judgement:
    """Check a decoded record of one of our collections against its lexicon."""
    check = check_record(catalog, names, collection, rkey, dict(value))
    if not (check.problems or check.tolerated):
        return _FLAWLESS
    tolerated = (f"{shape}: {problem}" for shape, problem in check.tolerated)
    return Judgement(check.valid, (*map(str, check.problems), *tolerated))


def sort_key(value: Mapping[str, Value], first_seen: int) -> int:
    """Where a valid record sorts: min(claimed createdAt, first seen), microseconds.

    Not every lexicon has a `createdAt`, and then it may hold anything.
    """
    created_at = value.get("createdAt")
    if not isinstance(created_at, str):
        return first_seen
    try:
        return min(Datetime.parse(created_at).micros(), first_seen)
    except InvalidIdentifier:
        return first_seen
