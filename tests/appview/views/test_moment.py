"""Datetimes in answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appview.views.moment import claimed, moment


@given(st.datetimes(timezones=st.just(UTC)))
def test_moment_is_utc_with_milliseconds(time: datetime) -> None:
    """Microseconds since the epoch become the standard library's text, cut to milliseconds."""
    micros = (time - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution)
    assert moment(micros) == time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_the_year_zero_is_shown_as_the_first() -> None:
    """A record may claim a year that has no calendar; it is shown at the start of ours."""
    assert moment(-62_167_219_200_000_000) == "0001-01-01T00:00:00.000Z"


@pytest.mark.parametrize("text", [None, 5, "", "yesterday", "2026-01-01"])
def test_a_claim_that_is_no_datetime_is_replaced(text: str | int | None) -> None:
    """What is not a datetime is not shown as one."""
    assert claimed(text, 0) == "1970-01-01T00:00:00.000Z"


def test_a_claim_is_shown_as_written() -> None:
    """A datetime of any valid form is left alone."""
    assert claimed("2026-02-27T16:08:13.146107+02:00", 0) == "2026-02-27T16:08:13.146107+02:00"
