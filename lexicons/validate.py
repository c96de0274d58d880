"""Records against their schemas (spec §2.4).

A record that breaks its schema anywhere is invalid as a whole; nothing is repaired. Fields that no
schema mentions are left alone.
"""

from __future__ import annotations

from atp.cbor import Value
from atp.syntax import Nsid
from lexicons.catalog import Catalog, UnknownSchemaError
from lexicons.problem import MAX_PROBLEMS, Problem, Rule
from lexicons.scalars import format_problem, shown, wrong_type
from lexicons.schema import LITERAL_KEY

_KEY_FORMATS = {"tid": "tid", "nsid": "nsid", "any": "record-key"}


def problems(
    catalog: Catalog, collection: Nsid, value: Value, rkey: str | None = None
) -> list[Problem]:
    """What is wrong with a record of ``collection``: at most `MAX_PROBLEMS`, none if it is valid.

    ``value`` is as decoded from its block. The record key is looked at where it is given. Raises
    `UnknownSchemaError` where the catalogue has no such collection.
    """
    schema = catalog.records.get(collection)
    if schema is None:
        raise UnknownSchemaError(f"{collection}: no schema of such a collection is known")
    if not isinstance(value, dict):
        return list(wrong_type(value, "an object"))
    found: list[Problem] = []
    if rkey is not None and (problem := _key_problem(schema.key, rkey)):
        found.append(problem)
    if value.get("$type") != collection:
        found.append(Problem("$type", f"must be {collection}", Rule.CONST))
    found += catalog.checks[collection](value)
    return found[:MAX_PROBLEMS]


def _key_problem(kind: str, rkey: str) -> Problem | None:
    """What is wrong with a record key, given the kind that the collection has."""
    if kind.startswith(LITERAL_KEY):
        fits = rkey == kind.removeprefix(LITERAL_KEY)
    else:
        fits = format_problem(_KEY_FORMATS[kind], rkey) is None
    return None if fits else Problem("", f"record key must be {kind}, not {shown(rkey)}", Rule.KEY)
