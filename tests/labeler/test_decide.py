"""Decisions: which label says them, and what holds after any history."""

from __future__ import annotations

import pytest

from atp.datetime import Datetime
from atp.errors import LabelError
from atp.syntax import Did
from labeler.decide import Statement, holds, label, newer

SRC = Did("did:web:labeler.test")
URI = "at://did:web:alice.test/fm.plyr.track/3kaaaaaaaaaaa"
CID = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
NOW = 1_800_000_000_123_456
NOON = Datetime("2027-01-15T08:00:00.123Z")


def test_a_label_has_what_was_said_and_nothing_else() -> None:
    """Fields that were not said are left out, `neg` false among them (spec §4.1)."""
    bare = label(Statement(URI, "spam"), SRC, None, NOW)
    assert bare.to_json() == {"ver": 1, "src": SRC, "uri": URI, "val": "spam", "cts": NOON}
    full = Statement(URI, "spam", CID, exp=Datetime("2027-01-16T00:00:00Z"))
    assert label(full, SRC, None, NOW).to_json() == {
        **bare.to_json(),
        "cid": CID,
        "exp": "2027-01-16T00:00:00Z",
    }
    assert label(Statement(URI, "spam", neg=True), SRC, None, NOW).neg is True


@pytest.mark.parametrize(
    ("before", "then"),
    [
        (None, "2027-01-15T08:00:00.123Z"),
        ("2027-01-15T08:00:00.122Z", "2027-01-15T08:00:00.123Z"),
        ("2027-01-15T08:00:00.123Z", "2027-01-15T08:00:00.124Z"),
        ("2027-01-15T08:00:00.999Z", "2027-01-15T08:00:01.000Z"),
        ("2031-01-01T00:00:00.000Z", "2031-01-01T00:00:00.001Z"),
    ],
)
def test_every_label_is_newer_than_the_one_before(before: str | None, then: str) -> None:
    """Also within one millisecond, and with a clock that went back."""
    assert newer(None if before is None else Datetime(before), NOW) == then


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (Statement(URI, "Spam"), "lower-case"),
        (Statement(URI, "two words"), "lower-case"),
        (Statement(URI, ""), "lower-case"),
        (Statement(URI, "a" * 129), "128 bytes"),
        (Statement(URI, "-spam"), "lower-case"),
        (Statement("no uri", "spam"), "uri of a label"),
        (Statement("at://did:web:alice.test/ü", "spam"), "uri of a label"),
        (Statement(URI, "spam", "not-a-cid"), "cid of a label"),
        (Statement(URI, "spam", exp=NOON), "never hold"),
        (Statement(URI, "spam", neg=True, exp=Datetime("2030-01-01T00:00:00Z")), "not expire"),
    ],
)
def test_what_nobody_could_use_is_not_said(statement: Statement, said: str) -> None:
    """Values that apps never show, subjects that are none, and labels that never hold."""
    with pytest.raises(LabelError, match=said):
        label(statement, SRC, None, NOW)


@pytest.mark.parametrize("val", ["!hide", "!no-unauthenticated", "copyright-violation", "ai2"])
def test_system_and_own_names_can_be_said(val: str) -> None:
    """Names with a leading `!` are the system's; all others are a labeler's own."""
    assert label(Statement(URI, val), SRC, None, NOW).val == val


def test_a_statement_is_read_from_json() -> None:
    """As it comes over the control socket; what is unknown or of another type is refused."""
    said = Statement(URI, "spam", CID, exp=Datetime("2030-01-01T00:00:00Z"))
    assert Statement.parse(said.to_json()) == said
    for wrong in (
        {"uri": URI},
        {"uri": URI, "val": 5},
        {"uri": None, "val": "spam"},
        {"uri": URI, "val": "spam", "exp": 5},
        {"uri": URI, "val": "spam", "sig": "x"},
        {"uri": URI, "val": "spam", "exp": "soon"},
    ):
        with pytest.raises(LabelError):
            Statement.parse(wrong)


def test_what_holds() -> None:
    """A label holds until it expires; one that takes back never says anything."""
    end = Datetime("2027-01-15T09:00:00Z")
    until = label(Statement(URI, "spam", exp=end), SRC, None, NOW)
    assert holds(until, end.micros() - 1)
    assert not holds(until, end.micros())
    assert not holds(label(Statement(URI, "spam", neg=True), SRC, None, NOW), NOW)
