"""What a record is judged by, and where it sorts."""

from __future__ import annotations

import pytest

from indexer.judge import sort_key

SEEN = 1_750_000_000_000_000


@pytest.mark.parametrize(
    ("created_at", "key"),
    [
        ("2025-06-15T12:00:00.000Z", 1_749_988_800_000_000),
        ("2125-06-15T12:00:00.000Z", SEEN),
        ("0000-01-01T00:00:00.000Z", -62_167_219_200_000_000),
        ("yesterday", SEEN),
        ("2025-02-30T12:00:00Z", SEEN),
        (7, SEEN),
        (None, SEEN),
    ],
)
def test_a_record_sorts_by_the_earlier_of_claim_and_first_sight(
    created_at: str | int | None, key: int
) -> None:
    """A claim that is none is no claim: not every lexicon has the field."""
    assert sort_key({"createdAt": created_at}, SEEN) == key
    assert sort_key({}, SEEN) == SEEN
