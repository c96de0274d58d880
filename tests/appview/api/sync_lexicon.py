"""What the lexicons under ``sync`` tell their readers and no check enforces."""

from __future__ import annotations

import json

from tests.lexicons.naive import JSON


def known_values(query: str, field: str) -> set[str]:
    """The values that a query's lexicon names for a field of its output."""
    lexicon = json.loads((JSON / f"fm/plyr/sync/{query}.json").read_text())
    properties = lexicon["defs"]["main"]["output"]["schema"]["properties"]
    return set(properties[field]["knownValues"])
