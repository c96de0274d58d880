"""What the lexicons under ``sync`` tell their readers and no check enforces."""

from __future__ import annotations

import json
from typing import Any

from tests.lexicons.naive import JSON


def definition(lexicon: str, name: str) -> dict[str, Any]:
    """A definition of a lexicon."""
    document = json.loads((JSON / f"fm/plyr/sync/{lexicon}.json").read_text())
    found = document["defs"][name]
    assert isinstance(found, dict)
    return found


def known_values(query: str, field: str) -> set[str]:
    """The values that a query's lexicon names for a field of its output."""
    properties = definition(query, "main")["output"]["schema"]["properties"]
    return set(properties[field]["knownValues"])
