"""Checks of whole values, made from schema nodes (spec §2.4).

A schema is compiled once into nested functions, each of which gives the problems of one value. A
problem learns its path on the way out, so a sound value costs no paths; nothing is raised, and
nothing in the value is changed. What a value holds beyond its schema is none of our business.

Checks take values of the data model as `atp.cbor.decode` or `atp.data.from_json` give them: their
depth is bounded there. Recursive schemas recurse only as deep as the value does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from atp.cbor import Value
from atp.cid import Cid
from atp.data import BlobRef
from atp.errors import DataError
from lexicons.problem import MAX_PROBLEMS, Problem, Rule
from lexicons.scalars import (
    SOUND,
    Check,
    check_scalar,
    first_problem,
    format_problem,
    shown,
    span_tests,
    wrong_type,
)
from lexicons.schema import (
    Array,
    Blob,
    Boolean,
    Bytes,
    CidLink,
    Field,
    Integer,
    Object,
    Ref,
    String,
    Union,
    Unknown,
)

_WRAPPERS = (frozenset({"$link"}), frozenset({"$bytes"}))


def make_check(field: Field, checks: Mapping[str, Check]) -> Check:  # noqa: PLR0911
    """The check that a schema node asks for.

    ``checks`` has the check of each definition under its absolute name. It is looked into when a
    value is checked, so that definitions may refer to each other in any order.
    """
    match field:
        case Boolean() | Integer() | Bytes() | String():
            return check_scalar(field)
        case CidLink():
            return _check_link
        case Blob():
            return _check_blob(field)
        case Unknown():
            return _check_unknown
        case Array():
            return _check_array(field, make_check(field.items, checks))
        case Object():
            return _check_object(field, checks)
        case Ref():
            return _check_ref(field, checks)
        case Union():
            return _check_union(field, checks)


def _check_link(value: Value) -> Sequence[Problem]:
    return SOUND if isinstance(value, Cid) else wrong_type(value, "a link")


def _check_unknown(value: Value) -> Sequence[Problem]:
    if not isinstance(value, dict):
        return wrong_type(value, "an object")
    if value.get("$type") == "blob" or value.keys() in _WRAPPERS:
        return (Problem("", "must be a plain object, not a blob, link or bytes", Rule.TYPE),)
    return SOUND


def _check_array(schema: Array, check_item: Check) -> Check:
    tests = span_tests(schema.length, len, "its number of items ", Rule.MIN_LENGTH, Rule.MAX_LENGTH)

    def check(value: Value) -> Sequence[Problem]:
        if not isinstance(value, list):
            return wrong_type(value, "an array")
        if unfit := first_problem(tests, value):
            return unfit
        problems: list[Problem] = []
        for index, item in enumerate(value):
            if found := check_item(item):
                problems += [problem.under(index) for problem in found]
                if len(problems) >= MAX_PROBLEMS:
                    break
        return problems

    return check


def _check_object(schema: Object, checks: Mapping[str, Check]) -> Check:
    missing = {name: Problem(name, "is required", Rule.REQUIRED) for name in schema.required}
    fields = [
        (name, make_check(field, checks), name in schema.nullable)
        for name, field in schema.properties.items()
    ]

    def check(value: Value) -> Sequence[Problem]:
        if not isinstance(value, dict):
            return wrong_type(value, "an object")
        problems = [problem for name, problem in missing.items() if name not in value]
        for name, check_field, nullable in fields:
            if name in value:
                item = value[name]
                if not (nullable and item is None) and (found := check_field(item)):
                    problems += [problem.under(name) for problem in found]
        return problems

    return check


def _check_ref(schema: Ref, checks: Mapping[str, Check]) -> Check:
    target = schema.target

    def check(value: Value) -> Sequence[Problem]:
        return checks[target](value)

    return check


def _check_union(schema: Union, checks: Mapping[str, Check]) -> Check:
    targets = frozenset(schema.targets)
    want = " or ".join(schema.targets)

    def check(value: Value) -> Sequence[Problem]:
        if not isinstance(value, dict):
            return wrong_type(value, "an object")
        name = value.get("$type")
        if not isinstance(name, str):
            return (Problem("", "must say in $type what it is", Rule.UNION),)
        if name in targets:
            return checks[name](value)
        return (Problem("", f"$type must be {want}", Rule.UNION),) if schema.closed else SOUND

    return check


def _check_blob(schema: Blob) -> Check:
    want = schema.accept or ("*/*",)
    types = [media for media in want if not media.endswith("*")]
    starts = tuple("" if media == "*/*" else media[:-1] for media in want if media.endswith("*"))
    max_size = schema.max_size

    def check(value: Value) -> Sequence[Problem]:
        try:
            mime_type, size = _mime_type_and_size(value)
        except DataError as exc:
            return (Problem("", str(exc), Rule.TYPE),)
        if mime_type not in types and not mime_type.startswith(starts):
            message = f"must be {' or '.join(want)}, not {shown(mime_type)}"
            return (Problem("mimeType", message, Rule.ACCEPT),)
        if max_size is not None and size > max_size:
            return (Problem("size", f"must be at most {max_size}, not {size}", Rule.MAX_SIZE),)
        return SOUND

    return check


def _mime_type_and_size(value: Value) -> tuple[str, int]:
    """What a blob reference claims. The legacy shape (spec §2.2) has no size, taken as 0."""
    match value:
        case {"cid": str(cid), "mimeType": str(mime_type), **others} if mime_type and not others:
            if not format_problem("cid", cid):
                return mime_type, 0
    blob = BlobRef.parse(value)
    return blob.mime_type, blob.size
