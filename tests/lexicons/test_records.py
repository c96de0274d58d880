"""What the index shows: valid records, and those that only break harmless rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from atp.car import read
from atp.cbor import Value, decode
from atp.cid import CODEC_DRISL
from atp.syntax import Nsid
from lexicons.catalog import Catalog
from lexicons.names import FOREIGN_PROFILE, Names
from lexicons.problem import MAX_PROBLEMS, Rule
from lexicons.records import HistoricShape, RecordCheck, check_record
from tests.lexicons.examples import BLOB_CID, DID, RECORDS, TID, key_of, sound

NAMES = Names()
CATALOG = Catalog.load()
"""Both are read-only."""


def check(collection: str, **changes: object) -> RecordCheck:
    """The judgement on a sound record with some fields changed, or dropped by ``None``."""
    record = sound(collection, **changes)
    return check_record(CATALOG, NAMES, Nsid(collection), key_of(collection), record)


@pytest.mark.parametrize("collection", RECORDS)
def test_sound_records_are_valid_without_warning(collection: str) -> None:
    """A record that follows its schema has neither problems nor anything to tolerate."""
    judged = check(collection)
    assert judged.valid
    assert judged == RecordCheck((), ())


@pytest.mark.parametrize("namespace", ["fm.plyr.stg", "fm.plyr.dev"])
def test_other_environments_have_other_collections(namespace: str) -> None:
    """A staging record is valid in the catalogue of staging."""
    names, catalog = Names(namespace), Catalog.load(namespace)
    record = sound("fm.plyr.track") | {"$type": names.track}
    assert check_record(catalog, names, names.track, TID, record).valid
    silent = {name: value for name, value in record.items() if not name.startswith("audio")}
    assert not check_record(catalog, names, names.track, TID, silent).valid


def test_a_track_has_sound() -> None:
    """A blob or an address is enough; a track with neither is invalid."""
    assert check("fm.plyr.track", audioUrl=None).valid
    assert check("fm.plyr.track", audioBlob=None).valid
    silent = check("fm.plyr.track", audioUrl=None, audioBlob=None)
    assert [problem.rule for problem in silent.problems] == [Rule.AUDIO]
    legacy = check("fm.plyr.track", audioBlob={"cid": BLOB_CID, "mimeType": "audio/mpeg"})
    assert legacy == RecordCheck((), ())


LONG = "é" * 200
"""200 characters, 400 bytes."""


@pytest.mark.parametrize(
    ("collection", "changes", "path", "shape"),
    [
        ("fm.plyr.track", {"title": LONG}, "title", HistoricShape.TEXT_LONG_IN_BYTES),
        ("fm.plyr.track", {"artist": LONG}, "artist", HistoricShape.TEXT_LONG_IN_BYTES),
        ("fm.plyr.track", {"album": LONG}, "album", HistoricShape.TEXT_LONG_IN_BYTES),
        ("fm.plyr.comment", {"text": LONG * 3}, "text", HistoricShape.TEXT_LONG_IN_BYTES),
        (
            "fm.plyr.track",
            {"features": [{"did": DID}, DID]},
            "features/1",
            HistoricShape.BARE_FEATURE,
        ),
        (
            "fm.plyr.track",
            {"features": [{"did": DID, "handle": ""}]},
            "features/0/handle",
            HistoricShape.FEATURE_SNAPSHOT,
        ),
        (
            "fm.plyr.track",
            {"features": [{"did": DID, "displayName": 1}]},
            "features/0/displayName",
            HistoricShape.FEATURE_SNAPSHOT,
        ),
    ],
)
def test_historic_shapes_are_tolerated_and_told(
    collection: str, changes: dict[str, object], path: str, shape: HistoricShape
) -> None:
    """A record of a harmless historic shape stays valid and keeps the warning."""
    judged = check(collection, **changes)
    assert judged.valid
    assert [(name, problem.path) for name, problem in judged.tolerated] == [(shape, path)]


def test_snake_case_names_of_guests_are_fields_like_any_unknown() -> None:
    """``display_name`` breaks no rule."""
    features = [{"did": DID, "display_name": "nate", "handle": "zzstoatzz.io"}]
    assert check("fm.plyr.track", features=features) == RecordCheck((), ())


def test_the_bound_on_problems_hides_no_grave_one() -> None:
    """As much as can be tolerated in one record is told, and there is room for what cannot."""
    historic = {
        "features": [{"did": DID, "handle": "", "displayName": LONG}] * 10,
        "description": "é" * 5_000,
        **dict.fromkeys(("title", "artist", "album"), LONG),
        "fileType": "é" * 16,
    }
    judged = check("fm.plyr.track", **historic)
    assert judged.valid
    assert len(judged.tolerated) == 25 < MAX_PROBLEMS
    assert not check("fm.plyr.track", **historic, createdAt="yesterday").valid


@pytest.mark.parametrize(
    ("collection", "changes"),
    [
        ("fm.plyr.track", {"title": "é" * 257}),
        ("fm.plyr.track", {"title": ""}),
        ("fm.plyr.track", {"features": ["zzstoatzz.io"]}),
        ("fm.plyr.track", {"features": [{"handle": "zzstoatzz.io"}]}),
        ("fm.plyr.track", {"features": [{"did": ""}]}),
        ("fm.plyr.track", {"features": [DID] * 11}),
        ("fm.plyr.track", {"features": DID}),
        ("fm.plyr.track", {"createdAt": "yesterday"}),
        ("fm.plyr.track", {"duration": -1}),
        ("fm.plyr.track", {"duration": "265"}),
        ("fm.plyr.list", {"name": "x" * 65}),
        ("fm.plyr.comment", {"timestampMs": None}),
        ("fm.plyr.like", {"subject": {"uri": f"at://{DID}/space/x", "cid": BLOB_CID}}),
    ],
)
def test_nothing_else_is_tolerated(collection: str, changes: dict[str, object]) -> None:
    """The list of historic shapes is closed."""
    judged = check(collection, **changes)
    assert not judged.valid
    assert not judged.tolerated


def test_a_tolerable_shape_does_not_excuse_another_fault() -> None:
    """What is harmless is told as such even where something else makes the record invalid."""
    judged = check("fm.plyr.track", features=[DID], fileType=None)
    assert [problem.path for problem in judged.problems] == ["fileType"]
    assert [shape for shape, _ in judged.tolerated] == [HistoricShape.BARE_FEATURE]


def test_profiles_of_the_other_application_are_checked_strictly() -> None:
    """Their names and pictures hold to their own limits; our leniency is not theirs."""

    def judge(name: str) -> RecordCheck:
        record: dict[str, Value] = {"$type": FOREIGN_PROFILE, "displayName": name}
        return check_record(CATALOG, NAMES, FOREIGN_PROFILE, "self", record)

    assert judge("alice").valid
    assert judge("alice" * 20).problems[0].rule is Rule.MAX_GRAPHEMES
    family = "👩‍👩‍👦‍👦" * 30
    assert len(family) <= 640 < len(family.encode())
    assert judge(family).problems[0].rule is Rule.MAX_LENGTH_IN_BYTES_ONLY


def test_records_of_a_real_pds_are_valid(shared: Path) -> None:
    """Everything that the captured repository holds of ours follows its schema."""
    car = read((shared / "samples" / "sample_repo.car").read_bytes())
    seen = set()
    for cid, block in car.blocks.items():
        value = decode(block) if cid.codec == CODEC_DRISL else None
        if isinstance(value, dict) and value.get("$type") in NAMES.collections:
            collection = Nsid(str(value["$type"]))
            seen.add(collection)
            assert check_record(CATALOG, NAMES, collection, key_of(collection), value).valid, value
    assert seen == set(NAMES.collections)
