"""Datetimes, against the interop files and the standard library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.datetime import Datetime
from atp.errors import InvalidIdentifier
from tests.atp.test_syntax import cases

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))


def test_parse_invalid(vectors: Path) -> None:
    """Text of the right shape that names no day or no time of day is refused."""
    texts = cases(vectors / "atproto-interop-tests/syntax/datetime_parse_invalid.txt")
    assert texts
    for text in texts:
        with pytest.raises(InvalidIdentifier):
            Datetime.parse(text)


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=OFFSETS)  # noqa: DTZ001
)
def test_micros_agree_with_the_standard_library(moment: datetime) -> None:
    """Between the years 1 and 9999 the standard library counts the same microseconds."""
    assert Datetime.parse(moment.isoformat()).micros() == (moment - EPOCH) // MICROSECOND


@given(st.integers(-62_167_219_200_000, 253_402_300_799_999))
def test_from_micros_is_the_inverse(millis: int) -> None:
    """Every millisecond of the years 0000 to 9999 can be written, read, and sorts as text."""
    text = Datetime.from_micros(millis * 1000)
    assert Datetime.parse(text).micros() == millis * 1000
    assert len(text) == len("1985-04-12T23:20:50.123Z")
    if millis < 253_402_300_799_999:
        assert text < Datetime.from_micros(millis * 1000 + 1000)


@pytest.mark.parametrize("micros", [-62_167_219_200_000_001, 253_402_300_800_000_000, 10**18])
def test_other_years_cannot_be_written(micros: int) -> None:
    """A time outside the years 0000 to 9999 has no text."""
    with pytest.raises(InvalidIdentifier, match="years"):
        Datetime.from_micros(micros)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.00000099999999999999Z", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T01:00:00.5+01:00", 500_000),
        ("0000-01-01T00:00:00Z", -719_528 * 86_400_000_000),
        ("0000-02-29T00:00:00Z", (-719_528 + 59) * 86_400_000_000),
        ("9999-12-31T23:59:59.99999999999999999999-23:59", 253_402_387_139_999_999),
    ],
)
def test_micros(text: str, micros: int) -> None:
    """Fractions are cut to microseconds, and the year 0000 is a leap year before the year 1."""
    assert Datetime.parse(text).micros() == micros


@pytest.mark.parametrize(
    "text",
    [
        "1900-02-29T00:00:00Z",
        "1985-04-12T24:00:00Z",
        "1985-04-12T23:59:60Z",
        "1985-04-12T23:20:50+24:00",
        "1985-04-12T23:20:50-00:00",
        "1985-04-12T23:20:50.123456789012345678901Z",
        "١٩٨٥-04-12T23:20:50Z",
        "1985-04-12T23:20:50Z" + " " * 60,
    ],
)
def test_no_such_time(text: str) -> None:
    """Days and times that no calendar or clock shows are refused, leap seconds among them."""
    with pytest.raises(InvalidIdentifier):
        Datetime.parse(text)
