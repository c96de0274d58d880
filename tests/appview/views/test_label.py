"""Views of labels."""

from __future__ import annotations

import pytest

from appview.views.label import self_labels
from tests.appview.states import ALICE, CREATED, track

SELF = "com.atproto.label.defs#selfLabels"


def test_self_labels_are_the_authors_on_that_version() -> None:
    """Each name becomes a label whose source is the author and whose subject is that version."""
    labelled = track(labels={"$type": SELF, "values": [{"val": "sexual"}, {"val": "x"}]})
    labels = self_labels(labelled)
    assert [label["val"] for label in labels] == ["sexual", "x"]
    assert labels[0] == {
        "src": ALICE,
        "uri": labelled.uri,
        "cid": str(labelled.cid),
        "val": "sexual",
        "cts": CREATED,
    }


@pytest.mark.parametrize(
    "labels",
    [
        None,
        3,
        [],
        {},
        {"values": [{"val": "x"}]},
        {"$type": "other#labels", "values": [{"val": "x"}]},
        {"$type": SELF},
        {"$type": SELF, "values": [3, {}, {"val": 4}]},
    ],
)
def test_other_shapes_say_nothing(labels: object) -> None:
    """What is not the object of the protocol is no label."""
    assert self_labels(track(labels=labels)) == []
