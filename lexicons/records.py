"""What the indexer holds against a record: its schema, one rule beyond it, and some leniency.

A track has its sound as a blob or at an address, or both; no schema can say that one of two fields
must be there. In turn, records of plyr.fm's early years break their schema in ways that harm
nobody. `HistoricShape` is the whole list of those. A record that breaks nothing else is valid, and
is shown with what it broke kept beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from atp.cbor import Value
from atp.syntax import Nsid
from lexicons.catalog import Catalog
from lexicons.names import Names
from lexicons.problem import Problem, Rule
from lexicons.scalars import format_problem
from lexicons.validate import problems

_FEATURE = re.compile(r"features/([0-9]+)")
_FEATURE_SNAPSHOT = re.compile(r"features/[0-9]+/(?:handle|displayName)")

_SOUND_FIELDS = frozenset({"audioUrl", "audioBlob"})


class HistoricShape(StrEnum):
    """Harmless ways to break a schema; the values are fit for a metric label."""

    BARE_FEATURE = "bare_feature"
    """An entry of ``features`` that is the guest's DID itself and not an object with the DID."""
    FEATURE_SNAPSHOT = "feature_snapshot"
    """A malformed ``handle`` or ``displayName`` of a guest: never shown, the DID gives both."""
    TEXT_LONG_IN_BYTES = "text_long_in_bytes"
    """Text within its limit in characters, as plyr.fm counts, though not in UTF-8 bytes."""


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """The judgement on one record: ``problems`` make it invalid, ``tolerated`` ones do not."""

    problems: tuple[Problem, ...]
    tolerated: tuple[tuple[HistoricShape, Problem], ...]

    @property
    def valid(self) -> bool:
        """Whether the record may be shown."""
        return not self.problems


_FLAWLESS = RecordCheck((), ())


def check_record(
    catalog: Catalog, names: Names, collection: Nsid, rkey: str, value: Value
) -> RecordCheck:
    """The judgement on a record as decoded from its block.

    Raises `UnknownSchemaError` where the catalogue has no such collection.
    """
    found = problems(catalog, collection, value, rkey)
    if collection == names.track and isinstance(value, dict) and _SOUND_FIELDS.isdisjoint(value):
        found.append(Problem("", "must have an audioUrl or an audioBlob", Rule.AUDIO))
    if not found:
        return _FLAWLESS
    if collection not in names.collections:
        return RecordCheck(tuple(found), ())
    judged = [(_historic_shape(problem, value), problem) for problem in found]
    return RecordCheck(
        tuple(problem for shape, problem in judged if shape is None),
        tuple((shape, problem) for shape, problem in judged if shape is not None),
    )


def _historic_shape(problem: Problem, record: Value) -> HistoricShape | None:
    """The harmless shape that a problem of one of our records is due to."""
    if problem.rule is Rule.MAX_LENGTH_IN_BYTES_ONLY:
        return HistoricShape.TEXT_LONG_IN_BYTES
    if _FEATURE_SNAPSHOT.fullmatch(problem.path):
        return HistoricShape.FEATURE_SNAPSHOT
    match record, _FEATURE.fullmatch(problem.path):
        case {"features": list(features)}, re.Match() as place:
            feature = features[int(place[1])]
            if isinstance(feature, str) and not format_problem("did", feature):
                return HistoricShape.BARE_FEATURE
    return None
