"""Checks of single values: booleans, integers, text and byte strings (spec §2.4).

A test looks at one constraint and gives the problem or nothing. Only constraints that a schema has
become tests, so a sound value costs a comparison for each. Tests run until one fails: text that is
too long is never parsed or segmented.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from types import NoneType
from typing import TypeAlias, TypeVar

import regex

from atp.cbor import Value
from atp.cid import Cid
from atp.errors import InvalidIdentifier
from atp.syntax import FORMATS
from lexicons.problem import Problem, Rule
from lexicons.reader import Span
from lexicons.schema import Boolean, Bytes, Integer, String

_T = TypeVar("_T")
Check: TypeAlias = Callable[[Value], Sequence[Problem]]
"""The problems of a value: none where it is sound."""
Test: TypeAlias = Callable[[_T], Problem | None]
"""The problem that a value of the right type has with one constraint, if any."""

SOUND: tuple[Problem, ...] = ()

_KINDS = {
    NoneType: "null",
    bool: "a boolean",
    int: "an integer",
    bytes: "a byte string",
    Cid: "a link",
    list: "an array",
    dict: "an object",
}
_BYTES = "its length in bytes "
_CHARACTERS = "its length in characters "
_GRAPHEME = regex.compile(r"\X")
_SHOWN = 80
"""How many characters of hostile text a message repeats."""


def check_scalar(schema: Boolean | Integer | Bytes | String) -> Check:
    """The check that the schema of a single value asks for."""
    match schema:
        case Boolean():
            return _check_boolean(schema)
        case Integer():
            return _check_integer(schema)
        case Bytes():
            return _check_bytes(schema)
        case String():
            return _check_string(schema)


def _check_boolean(schema: Boolean) -> Check:
    tests = _choice_tests(schema.const, ())

    def check(value: Value) -> Sequence[Problem]:
        if not isinstance(value, bool):
            return wrong_type(value, "a boolean")
        return first_problem(tests, value)

    return check


def _check_integer(schema: Integer) -> Check:
    tests = _choice_tests(schema.const, schema.enum)
    tests += span_tests(schema.span, int, "", Rule.MINIMUM, Rule.MAXIMUM)

    def check(value: Value) -> Sequence[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            return wrong_type(value, "an integer")
        return first_problem(tests, value)

    return check


def _check_bytes(schema: Bytes) -> Check:
    tests = span_tests(schema.length, len, _BYTES, Rule.MIN_LENGTH, Rule.MAX_LENGTH)

    def check(value: Value) -> Sequence[Problem]:
        if not isinstance(value, bytes) or isinstance(value, Cid):
            return wrong_type(value, "a byte string")
        return first_problem(tests, value)

    return check


def _check_string(schema: String) -> Check:
    tests = _choice_tests(schema.const, schema.enum)
    tests += _length_tests(schema.length)
    tests += _grapheme_tests(schema.graphemes)
    if schema.format:
        tests.append(partial(format_problem, schema.format))

    def check(value: Value) -> Sequence[Problem]:
        if not isinstance(value, str):
            return wrong_type(value, "a string")
        return first_problem(tests, value)

    return check


def wrong_type(value: object, want: str) -> tuple[Problem]:
    """The one problem of a value of the wrong type."""
    kind = _KINDS.get(type(value), "a string")
    return (Problem("", f"must be {want}, not {kind}", Rule.TYPE),)


def first_problem(tests: Sequence[Test[_T]], value: _T) -> Sequence[Problem]:
    """The problem that the first test to fail finds."""
    for test in tests:
        if problem := test(value):
            return (problem,)
    return SOUND


def span_tests(
    span: Span, measure: Callable[[_T], int], what: str, too_low: Rule, too_high: Rule
) -> list[Test[_T]]:
    """Tests of whether ``what``, which ``measure`` finds, is within ``span``."""
    tests: list[Test[_T]] = []
    if (low := span.low) is not None:

        def not_below(value: _T) -> Problem | None:
            if (size := measure(value)) >= low:
                return None
            return Problem("", f"{what}must be at least {low}, not {size}", too_low)

        tests.append(not_below)
    if (high := span.high) is not None:

        def not_above(value: _T) -> Problem | None:
            if (size := measure(value)) <= high:
                return None
            return Problem("", f"{what}must be at most {high}, not {size}", too_high)

        tests.append(not_above)
    return tests


def _choice_tests(const: _T | None, enum: Sequence[_T]) -> list[Test[_T]]:
    """Tests of whether a value is the only one allowed, or among those allowed."""
    if const is None and not enum:
        return []
    rule = Rule.ENUM if const is None else Rule.CONST
    allowed = tuple(enum) if const is None else (const,)
    want = " or ".join(map(repr, allowed))

    def test(value: _T) -> Problem | None:
        if value in allowed:
            return None
        return Problem("", f"must be {want}, not {shown(value)}", rule)

    return [test]


def _length_tests(length: Span) -> list[Test[str]]:
    """Tests of the length in UTF-8 bytes.

    A character takes a byte or more, so too many characters settle it; what is too long in bytes
    alone breaks a rule of its own.
    """
    low, high = Span(length.low, None), Span(None, length.high)
    return [
        *span_tests(low, _utf8_size, _BYTES, Rule.MIN_LENGTH, Rule.MAX_LENGTH),
        *span_tests(high, len, _CHARACTERS, Rule.MIN_LENGTH, Rule.MAX_LENGTH),
        *span_tests(high, _utf8_size, _BYTES, Rule.MIN_LENGTH, Rule.MAX_LENGTH_IN_BYTES_ONLY),
    ]


def _utf8_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _grapheme_tests(graphemes: Span) -> list[Test[str]]:
    """Tests of the number of grapheme clusters; a cluster takes a character or more."""
    tests: list[Test[str]] = []
    if (low := graphemes.low) is not None:

        def enough(text: str) -> Problem | None:
            if len(text) >= low and _count_graphemes(text, low) >= low:
                return None
            return Problem("", f"must have at least {low} graphemes", Rule.MIN_GRAPHEMES)

        tests.append(enough)
    if (high := graphemes.high) is not None:

        def not_too_many(text: str) -> Problem | None:
            if len(text) <= high or _count_graphemes(text, high + 1) <= high:
                return None
            return Problem("", f"must have at most {high} graphemes", Rule.MAX_GRAPHEMES)

        tests.append(not_too_many)
    return tests


def _count_graphemes(text: str, enough: int) -> int:
    """The number of grapheme clusters, counted up to ``enough``.

    The bound is what keeps this cheap: in a run of flag letters the expression looks back to the
    start of the run for each cluster, so that counting a whole hostile text would be quadratic.
    """
    return sum(1 for _ in islice(_GRAPHEME.finditer(text), enough))


def format_problem(name: str, text: str) -> Problem | None:
    """What keeps text from being of the string format ``name``."""
    try:
        FORMATS[name](text)
    except InvalidIdentifier as exc:
        return Problem("", str(exc), Rule.FORMAT)
    return None


def shown(value: object) -> str:
    """A value for a message, cut short."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
