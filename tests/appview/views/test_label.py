"""Views of labels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appview.views.label import labels, self_labels
from atp.label import Label
from atp.syntax import Datetime
from tests.appview.states import ALICE, BOB, CREATED, state, track

SELF = "com.atproto.label.defs#selfLabels"


def test_self_labels_are_the_authors_on_that_version() -> None:
    """Each name becomes a label whose source is the author and whose subject is that version."""
    labelled = track(labels={"$type": SELF, "values": [{"val": "sexual"}, {"val": "x"}]})
    own = self_labels(labelled)
    assert [label["val"] for label in own] == ["sexual", "x"]
    assert own[0] == {
        "src": ALICE,
        "uri": labelled.uri,
        "cid": str(labelled.cid),
        "val": "sexual",
        "cts": CREATED,
    }


@pytest.mark.parametrize(
    "claim",
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
def test_other_shapes_say_nothing(claim: object) -> None:
    """What is not the object of the protocol is no label."""
    assert self_labels(track(labels=claim)) == []


def test_labels_are_as_they_were_issued() -> None:
    """Those on the subject, without the signature that was not loaded."""
    label = Label(BOB, "x:y", "spam", Datetime(CREATED), exp=Datetime(CREATED))
    loaded = replace(state(), labels={"x:y": (label,)})
    assert labels("x:y", loaded) == [
        {"ver": 1, "src": BOB, "uri": "x:y", "val": "spam", "cts": CREATED, "exp": CREATED}
    ]
    assert labels("x:z", loaded) == []
