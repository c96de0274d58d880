"""Whole values against whole schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings

from atp.cbor import Value
from atp.cid import Cid
from atp.syntax import Nsid
from lexicons.catalog import Catalog
from lexicons.checks import make_check
from lexicons.document import read_document
from lexicons.problem import MAX_PROBLEMS, Rule
from lexicons.schema import Ref
from tests.lexicons.examples import BLOB_CID, RECORD_CID, check_of, lexicon
from tests.lexicons.values import values

BLOB: dict[str, Value] = {
    "$type": "blob",
    "ref": Cid.parse(BLOB_CID),
    "mimeType": "audio/mpeg",
    "size": 10,
}


def told(schema: Mapping[str, object], value: Value) -> list[tuple[str, Rule]]:
    return [(problem.path, problem.rule) for problem in check_of(schema)(value)]


def test_objects_need_what_is_required_and_ignore_what_is_more() -> None:
    """Required fields are there, known ones fit, null only where allowed; others do not matter."""
    schema = {
        "type": "object",
        "required": ["a", "n"],
        "nullable": ["n"],
        "properties": {"a": {"type": "integer"}, "n": {"type": "integer"}},
    }
    assert told(schema, {"a": 1, "n": None, "more": [None]}) == []
    assert told(schema, {"a": None, "n": 1}) == [("a", Rule.TYPE)]
    assert told(schema, {}) == [("a", Rule.REQUIRED), ("n", Rule.REQUIRED)]
    assert told(schema, {"n": True}) == [("a", Rule.REQUIRED), ("n", Rule.TYPE)]
    assert told(schema, [1]) == [("", Rule.TYPE)]


def test_arrays_have_a_length_and_items_of_one_kind() -> None:
    """Each misfit is told with its index; an array of the wrong length is not looked into."""
    schema = {"type": "array", "items": {"type": "integer"}, "minLength": 1, "maxLength": 3}
    assert told(schema, [1, "x", None]) == [("1", Rule.TYPE), ("2", Rule.TYPE)]
    assert told(schema, []) == [("", Rule.MIN_LENGTH)]
    assert told(schema, ["x"] * 4) == [("", Rule.MAX_LENGTH)]
    assert told(schema, {"0": 1}) == [("", Rule.TYPE)]


def test_the_number_of_problems_is_bounded() -> None:
    """A hundred thousand misfits are not told one by one."""
    schema: dict[str, object] = {"type": "array", "items": {"type": "integer"}}
    assert len(told(schema, ["x"] * 100_000)) == MAX_PROBLEMS
    nested: dict[str, object] = {"type": "array", "items": schema}
    assert len(told(nested, [["x"] * 1_000] * 1_000)) <= 2 * MAX_PROBLEMS


def test_links_and_unknowns() -> None:
    """A link is a link; unknown is any plain object, whatever is in it."""
    assert told({"type": "cid-link"}, Cid.parse(RECORD_CID)) == []
    assert told({"type": "cid-link"}, RECORD_CID) == [("", Rule.TYPE)]
    unknown: dict[str, object] = {"type": "unknown"}
    assert told(unknown, {"$type": "com.example.other", "a": [Cid.parse(RECORD_CID)]}) == []
    wrapped: list[Value] = [BLOB, {"$link": RECORD_CID}, {"$bytes": "AA"}, b"", None, "x", []]
    for value in wrapped:
        assert told(unknown, value) == [("", Rule.TYPE)]


@pytest.mark.parametrize(
    ("accept", "fits"),
    [
        (["audio/*"], True),
        (["audio/mpeg"], True),
        (["image/png", "audio/mpeg"], True),
        (["*/*"], True),
        ([], True),
        (["image/*"], False),
        (["audio/mp"], False),
        (["audio/mpeg3"], False),
    ],
)
def test_blobs_are_of_a_type_that_is_accepted(accept: list[str], *, fits: bool) -> None:
    """A media range with a star takes every subtype, one without only itself."""
    expected = [] if fits else [("mimeType", Rule.ACCEPT)]
    assert told({"type": "blob", "accept": accept}, BLOB) == expected


def test_blobs_have_a_size_unless_they_are_legacy() -> None:
    """The size limit holds where a size is claimed; the legacy shape has exactly two fields."""
    schema: dict[str, object] = {"type": "blob", "maxSize": 10}
    assert told(schema, BLOB) == []
    assert told(schema, BLOB | {"size": 11}) == [("size", Rule.MAX_SIZE)]
    legacy: dict[str, Value] = {"cid": BLOB_CID, "mimeType": "audio/mpeg"}
    assert told(schema, legacy) == []
    broken: list[Value] = [
        legacy | {"cid": "?"},
        legacy | {"mimeType": ""},
        legacy | {"more": 1},
        BLOB | {"size": True},
        BLOB | {"size": -1},
        BLOB | {"mimeType": None},
        BLOB | {"ref": BLOB_CID},
        BLOB | {"$type": "Blob"},
        {},
        "blob",
    ]
    for value in broken:
        assert told(schema, value) == [("", Rule.TYPE)], value


def union(*, closed: bool) -> Catalog:
    part = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
    either = {"type": "union", "refs": ["#part"], "closed": closed}
    main = {"type": "object", "properties": {"u": either}}
    return Catalog.of([read_document(lexicon(main, part=part, other=part))])


@pytest.mark.parametrize("closed", [True, False])
def test_unions_follow_the_type_that_is_named(*, closed: bool) -> None:
    """A known type is checked as that type; an unknown one passes unless the union is closed."""
    check = union(closed=closed).checks["com.example.thing"]
    strange = [("u", Rule.UNION)] if closed else []
    cases: list[tuple[Value, list[tuple[str, Rule]]]] = [
        ({"$type": "com.example.thing#part", "a": 1}, []),
        ({"$type": "com.example.thing#part", "a": "x"}, [("u/a", Rule.TYPE)]),
        ({"$type": "com.example.thing#part"}, [("u/a", Rule.REQUIRED)]),
        ({"$type": "com.example.thing#other"}, strange),
        ({"$type": "com.example.unheard"}, strange),
        ({"a": 1}, [("u", Rule.UNION)]),
        ({"$type": 1}, [("u", Rule.UNION)]),
        ("com.example.thing#part", [("u", Rule.TYPE)]),
    ]
    for value, expected in cases:
        assert [(p.path, p.rule) for p in check({"u": value})] == expected, value


def test_definitions_may_contain_themselves() -> None:
    """A recursive schema follows a value as deep as the value goes."""
    tree = {
        "type": "object",
        "required": ["v"],
        "properties": {"v": {"type": "integer"}, "left": {"type": "ref", "ref": "#main"}},
    }
    catalog = Catalog.of([read_document(lexicon(tree))])
    check = make_check(Ref("com.example.thing"), catalog.checks)
    assert not check({"v": 1, "left": {"v": 2, "left": {"v": 3}}})
    found = check({"v": 1, "left": {"v": 2, "left": {"v": "x"}}})
    assert [problem.path for problem in found] == ["left/left/v"]


@pytest.fixture(scope="module")
def everything(vectors: Path) -> Catalog:
    """The interop record, which has a field of every type and constraint."""
    path = vectors / "atproto-interop-tests" / "lexicon" / "catalog" / "record.json"
    return Catalog.of([read_document(json.loads(path.read_bytes()))])


@settings(max_examples=300)
@given(value=values)
def test_no_value_is_too_odd_to_judge(everything: Catalog, value: Value) -> None:
    """Whatever the value, checks end, and the paths of problems lead into it."""
    record = everything.records[Nsid("example.lexicon.record")]
    whole: Value = dict.fromkeys(record.schema.properties, value)
    problems = everything.checks["example.lexicon.record"](whole)
    for problem in problems:
        place = whole
        for step in problem.path.split("/"):
            if isinstance(place, list):
                place = place[int(step)]
            else:
                assert isinstance(place, dict)
                place = place.get(step)
