"""Single values against their constraints."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.cbor import Value
from atp.cid import Cid
from lexicons.problem import Problem, Rule
from lexicons.scalars import shown
from tests.lexicons.examples import RECORD_CID, check_of
from tests.lexicons.values import values

FLAG, FAMILY = "🇩🇪", "👩‍👩‍👦‍👦"
TYPES: dict[str, type] = {"boolean": bool, "integer": int, "string": str, "bytes": bytes}


def rules(schema: dict[str, object], value: Value) -> list[Rule]:
    return [problem.rule for problem in check_of(schema)(value)]


@given(value=values)
def test_only_the_own_type_passes(value: Value) -> None:
    """A schema without constraints takes every value of its type and no other."""
    for name, kind in TYPES.items():
        assert rules({"type": name}, value) == ([] if type(value) is kind else [Rule.TYPE])


def test_text_of_a_type_of_its_own_is_text() -> None:
    """Identifiers are text; links are bytes in memory but no byte strings."""
    assert not rules({"type": "string"}, type("Name", (str,), {})("x"))
    assert rules({"type": "bytes"}, Cid.parse(RECORD_CID)) == [Rule.TYPE]


@given(low=st.none() | st.integers(-9, 9), width=st.integers(0, 9), value=st.integers(-30, 30))
def test_integers_stay_within_both_bounds(low: int | None, width: int, value: int) -> None:
    """Bounds belong to what is allowed, and either may be open."""
    high = width if low is None else low + width
    schema: dict[str, object] = {"type": "integer", "maximum": high}
    if low is not None:
        schema["minimum"] = low
    expected = [Rule.MAXIMUM] if value > high else []
    if low is not None and value < low:
        expected = [Rule.MINIMUM]
    assert rules(schema, value) == expected


@pytest.mark.parametrize(
    ("schema", "good", "bad", "rule"),
    [
        ({"type": "integer", "enum": [4, 9]}, 9, 5, Rule.ENUM),
        ({"type": "integer", "const": 0}, 0, 1, Rule.CONST),
        ({"type": "boolean", "const": False}, False, True, Rule.CONST),
        ({"type": "string", "enum": ["fish"]}, "fish", "tree", Rule.ENUM),
        ({"type": "string", "const": ""}, "", "x", Rule.CONST),
        ({"type": "string", "format": "did"}, "did:web:example.com", "example.com", Rule.FORMAT),
    ],
)
def test_a_choice_is_closed(schema: dict[str, object], good: Value, bad: Value, rule: Rule) -> None:
    """What is not among the values allowed, or not of the form, is refused."""
    assert rules(schema, good) == []
    assert rules(schema, bad) == [rule]


def test_known_values_are_a_hint() -> None:
    """Values that nobody has heard of yet are fine."""
    assert rules({"type": "string", "knownValues": ["album"]}, "mixtape") == []


@given(text=st.text(max_size=12), low=st.integers(0, 12), width=st.integers(0, 12))
def test_length_is_counted_in_utf8_bytes(text: str, low: int, width: int) -> None:
    """Length limits count encoded bytes; an excess that characters do not show is told apart."""
    high, size = low + width, len(text.encode())
    expected = []
    if size < low:
        expected = [Rule.MIN_LENGTH]
    elif len(text) > high:
        expected = [Rule.MAX_LENGTH]
    elif size > high:
        expected = [Rule.MAX_LENGTH_IN_BYTES_ONLY]
    assert rules({"type": "string", "minLength": low, "maxLength": high}, text) == expected


@pytest.mark.parametrize("cluster", ["a", "é", "e\u0301", FLAG, FAMILY, "각", "\r\n"])
def test_graphemes_are_what_a_reader_counts(cluster: str) -> None:
    """A letter with its accents, a flag or a family is one, however many code points it takes."""
    schema: dict[str, object] = {"type": "string", "minGraphemes": 3, "maxGraphemes": 5}
    told = [rules(schema, cluster * count) for count in range(2, 7)]
    assert told == [[Rule.MIN_GRAPHEMES], [], [], [], [Rule.MAX_GRAPHEMES]]


@pytest.mark.parametrize("cluster", [FLAG, "\u0301", "a", "\u200d", "\u1100"])
def test_hostile_text_is_not_segmented_to_its_end(cluster: str) -> None:
    """A megabyte of whatever segments slowest costs no noticeable time."""
    text = cluster * (1_000_000 // len(cluster.encode()))
    check = check_of({"type": "string", "minGraphemes": 64, "maxGraphemes": 64})
    start = time.perf_counter()
    assert check(text)
    assert time.perf_counter() - start < 1


def test_bytes_have_a_length() -> None:
    """Byte strings are measured raw."""
    schema: dict[str, object] = {"type": "bytes", "minLength": 1, "maxLength": 2}
    told = [rules(schema, b"x" * size) for size in range(4)]
    assert told == [[Rule.MIN_LENGTH], [], [], [Rule.MAX_LENGTH]]


def test_messages_say_what_is_allowed_and_stay_short() -> None:
    """The author of a value learns the limit; hostile text is not repeated whole."""
    check = check_of({"type": "integer", "maximum": 100})
    assert list(check(101)) == [Problem("", "must be at most 100, not 101", Rule.MAXIMUM)]
    message = check_of({"type": "string", "enum": ["fish"]})("x" * 10_000)[0].message
    assert message.startswith("must be 'fish', not 'xxx")
    assert len(message) < 200
    assert len(shown("x" * 10_000)) < 100
