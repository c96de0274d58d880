"""Rows and pages."""

from __future__ import annotations

import pytest

from tests.appview.states import ALICE, BOB, track


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (None, ()),
        ("text", ()),
        ({"did": BOB}, ()),
        ([{"did": BOB}, {"did": ALICE}], (BOB, ALICE)),
        ([BOB, {"did": BOB, "display_name": "x"}], (BOB,)),
        (["Some One", {"did": 5}, {"handle": "x.test"}, None, []], ()),
    ],
)
def test_features(features: object, expected: tuple[str, ...]) -> None:
    """Guests are read from every shape that the network has, and from nothing else."""
    assert track(features=features).features == expected
