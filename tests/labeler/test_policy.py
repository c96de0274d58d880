"""The declaration is a record that the network's own lexicon allows."""

from __future__ import annotations

from atp.data import from_json
from atp.syntax import Datetime, Nsid
from labeler.policy import COLLECTION, DEFINITIONS, RKEY, declaration
from lexicons.catalog import Catalog
from lexicons.validate import problems

WHEN = Datetime("2026-11-22T00:00:00.000Z")


def test_the_declaration_is_sound() -> None:
    """Each name once; each definition is of a name that is declared."""
    record = declaration(WHEN, ["mine", "porn"])
    value = from_json(record)
    assert isinstance(value, dict)
    assert problems(Catalog.load(), Nsid(COLLECTION), value, RKEY) == []
    values = record["policies"]["labelValues"]
    assert values.count("porn") == 1
    assert {"mine", *(one["identifier"] for one in DEFINITIONS)} <= set(values)
