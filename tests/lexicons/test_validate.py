"""Records are valid exactly if they follow their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from atp.cbor import Value
from atp.data import from_json
from atp.syntax import Nsid
from lexicons.catalog import Catalog, UnknownSchemaError
from lexicons.document import read_document
from lexicons.problem import MAX_PROBLEMS, Rule
from lexicons.validate import problems
from tests.lexicons.examples import RECORDS, TID, key_of, sound
from tests.lexicons.naive import accepts_record
from tests.lexicons.values import spoilt_records
from tests.shared_files import VECTORS

INTEROP = VECTORS / "atproto-interop-tests" / "lexicon"
EXAMPLE = Nsid("example.lexicon.record")


def interop(name: str) -> list[Any]:
    """The cases of one vector file, none where there is no reference material."""
    path = INTEROP / name
    return json.loads(path.read_bytes()) if path.exists() else []


@pytest.fixture(scope="module")
def example() -> Catalog:
    """The catalogue that the record vectors are for."""
    return Catalog.of([read_document(json.loads((INTEROP / "catalog/record.json").read_bytes()))])


@pytest.fixture(scope="module")
def ours() -> Catalog:
    """The packaged catalogue."""
    return Catalog.load()


@pytest.mark.parametrize("case", interop("record-data-valid.json"), ids=lambda case: case["name"])
def test_valid_vectors_are_valid(example: Catalog, case: dict[str, Any]) -> None:
    """Interop: these records follow their schema."""
    assert problems(example, EXAMPLE, from_json(case["data"]), case["rkey"]) == []


@pytest.mark.parametrize("case", interop("record-data-invalid.json"), ids=lambda case: case["name"])
def test_invalid_vectors_are_invalid(example: Catalog, case: dict[str, Any]) -> None:
    """Interop: these do not, and the fault is the one that the case is named for."""
    found = problems(example, EXAMPLE, from_json(case["data"]), case["rkey"])
    spoilt = {name for name in case["data"] if name not in {"$type", "integer"}} or {"integer"}
    assert {problem.path.split("/")[0] for problem in found} - {"integer"} == spoilt - {"integer"}
    assert found


def test_there_are_vectors(vectors: Path) -> None:
    """The cases above ran, if there is reference material at all."""
    assert vectors
    assert len(interop("record-data-valid.json")) >= 3
    assert len(interop("record-data-invalid.json")) >= 50


@pytest.mark.parametrize("collection", RECORDS)
def test_sound_records_are_valid(ours: Catalog, collection: str) -> None:
    """What plyr.fm publishes follows the schemas."""
    assert problems(ours, Nsid(collection), sound(collection), key_of(collection)) == []


@settings(max_examples=600)
@given(spoilt=spoilt_records())
def test_the_naive_twin_agrees(ours: Catalog, spoilt: tuple[str, Value]) -> None:
    """A walk over the raw JSON of the schemas comes to the same verdict on any record."""
    collection, record = spoilt
    found = problems(ours, Nsid(collection), record)
    assert (not found) == accepts_record(collection, record), found


def test_type_is_the_collection(ours: Catalog) -> None:
    """A record says which collection it is for, in full and without ``#main``."""
    for name in (None, "fm.plyr.like", "fm.plyr.track#main", "fm.plyr.stg.track", 1):
        record = sound("fm.plyr.track") | {"$type": name}
        found = problems(ours, Nsid("fm.plyr.track"), record)
        assert [(problem.path, problem.rule) for problem in found] == [("$type", Rule.CONST)]


@pytest.mark.parametrize(
    ("collection", "rkey", "fits"),
    [
        ("fm.plyr.track", TID, True),
        ("fm.plyr.track", "self", False),
        ("fm.plyr.track", "", False),
        ("fm.plyr.track", TID.upper(), False),
        ("fm.plyr.actor.profile", "self", True),
        ("fm.plyr.actor.profile", TID, False),
        ("fm.plyr.actor.profile", "Self", False),
    ],
)
def test_the_record_key_is_of_the_kind_that_the_collection_has(
    ours: Catalog, collection: str, rkey: str, *, fits: bool
) -> None:
    """Tracks have TIDs, a profile is ``self``."""
    found = problems(ours, Nsid(collection), sound(collection), rkey)
    assert [problem.rule for problem in found] == ([] if fits else [Rule.KEY])


@pytest.mark.parametrize(
    ("kind", "good", "bad"), [("nsid", "com.example.thing", "thing"), ("any", "thing", "a/b")]
)
def test_record_keys_of_other_kinds(kind: str, good: str, bad: str) -> None:
    """Keys can be NSIDs, or anything that a record path can hold."""
    record = {"type": "record", "key": kind, "record": {"type": "object"}}
    node = {"lexicon": 1, "id": "com.example.thing", "defs": {"main": record}}
    catalog = Catalog.of([read_document(node)])
    value: Value = {"$type": "com.example.thing"}
    assert problems(catalog, Nsid("com.example.thing"), value, good) == []
    assert [p.rule for p in problems(catalog, Nsid("com.example.thing"), value, bad)] == [Rule.KEY]


def test_a_record_is_an_object(ours: Catalog) -> None:
    """Whatever else a block holds is told once."""
    others: list[Value] = [None, 1, "x", [], b""]
    for value in others:
        found = problems(ours, Nsid("fm.plyr.track"), value, "no tid")
        assert [problem.rule for problem in found] == [Rule.TYPE]


def test_the_number_of_problems_is_bounded(ours: Catalog) -> None:
    """A list of five hundred broken items has a few dozen problems."""
    record = sound("fm.plyr.list", items=[{"subject": {}}] * 500)
    found = problems(ours, Nsid("fm.plyr.list"), record | {"name": 1}, "no tid")
    assert len(found) == MAX_PROBLEMS
    assert found[0].rule is Rule.KEY


def test_an_unknown_collection_is_an_error(ours: Catalog) -> None:
    """No schema never means valid."""
    with pytest.raises(UnknownSchemaError, match=r"fm\.plyr\.song"):
        problems(ours, Nsid("fm.plyr.song"), {"$type": "fm.plyr.song"})
