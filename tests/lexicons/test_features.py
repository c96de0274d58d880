"""Guest artists, in every form that records have them."""

from __future__ import annotations

import pytest

from atp.cbor import Value
from lexicons.features import features

ADA, BEN = "did:plc:ada", "did:web:ben.test"


@pytest.mark.parametrize(
    ("guests", "found"),
    [
        ([{"did": ADA, "handle": "ada.test", "displayName": "Ada"}, {"did": BEN}], [ADA, BEN]),
        ([ADA, {"did": BEN, "display_name": "Ben"}, {"did": ADA}], [ADA, BEN]),
        ([{"did": "ada.test"}, {"handle": "ada.test"}, {}, None, 7, ["x"], BEN], [BEN]),
        ([], []),
        (None, []),
        ({"did": ADA}, []),
        (ADA, []),
    ],
)
def test_each_account_once_in_order(guests: Value, found: list[str]) -> None:
    """By DID, whatever stands beside it; what names no account is passed over."""
    assert list(features(guests)) == found
