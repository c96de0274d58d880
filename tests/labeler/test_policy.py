"""The declaration is a record that the network's own lexicon allows."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from atp.data import from_json
from atp.syntax import Datetime, Nsid
from labeler.policy import COLLECTION, DEFINITIONS, RKEY, declaration
from lexicons.catalog import Catalog
from lexicons.validate import problems

WHEN = Datetime("2026-11-22T00:00:00.000Z")
LATER = Datetime("2026-11-23T00:00:00.000Z")


def test_the_declaration_is_sound() -> None:
    """Each name once; each definition is of a name that is declared."""
    record = declaration(WHEN, ["mine", "porn"])
    value = from_json(record)
    assert isinstance(value, dict)
    assert problems(Catalog.load(), Nsid(COLLECTION), value, RKEY) == []
    values = record["policies"]["labelValues"]
    assert values.count("porn") == 1
    assert {"mine", *(one["identifier"] for one in DEFINITIONS)} <= set(values)


def test_what_is_there_stays() -> None:
    """Beside ours nothing changes, and a declaration that is right is not changed at all."""
    own = {"identifier": "spoiler", "severity": "inform", "blurs": "media", "locales": []}
    german = {"lang": "de", "name": "Urheberrecht", "description": "Gehört anderen."}
    older = {**DEFINITIONS[0], "severity": "none", "locales": [german], "since": "2024"}
    named = ["spoiler", "porn"]
    note = {"$link": "bafy"}
    before = {
        "$type": COLLECTION,
        "policies": {"labelValues": named, "labelValueDefinitions": [older, own], "note": note},
        "createdAt": "2024-01-01T00:00:00+02:00",
        "reasonTypes": [],
    }
    record = declaration(WHEN, ["mine"], before)
    policies = record.pop("policies")
    assert record == {name: before[name] for name in ("$type", "createdAt", "reasonTypes")}
    assert policies["labelValues"][:2] == ["spoiler", "porn"]
    assert {"mine", "copyright-violation"} <= set(policies["labelValues"])
    ours, theirs = policies["labelValueDefinitions"]
    assert theirs == own
    assert ours == {**older, **DEFINITIONS[0], "locales": [german, *DEFINITIONS[0]["locales"]]}
    assert policies["note"] == note
    right = {**record, "policies": policies}
    assert declaration(LATER, ["mine"], right) == right
    assert named == ["spoiler", "porn"], "what was given is as it was"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


def fields(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with some of these fields, any of which may hold anything; or anything else."""
    return st.fixed_dictionaries({}, optional={k: v | JSON for k, v in optional.items()}) | JSON


LOCALES = st.lists(fields(lang=st.sampled_from(["en", "de"])))
NAMES = st.sampled_from(["copyright-violation", "spoiler", "porn"])
POLICIES = fields(
    labelValues=st.lists(NAMES | JSON),
    labelValueDefinitions=st.lists(fields(identifier=NAMES, locales=LOCALES)),
)


@given(fields(createdAt=st.just(str(WHEN)), policies=POLICIES).filter(lambda it: type(it) is dict))
def test_whatever_is_there_becomes_sound(before: dict[str, Any]) -> None:
    """A record that is broken is mended, and then it stands."""
    record = declaration(WHEN, (), before)
    assert {"!hide", "copyright-violation"} <= set(record["policies"]["labelValues"])
    assert Datetime.parse(record["createdAt"])
    defined = [one["identifier"] for one in record["policies"]["labelValueDefinitions"]]
    assert defined.count("copyright-violation") == 1
    assert declaration(LATER, (), record) == record
