"""What a server asks us to wait."""

from __future__ import annotations

import time

import pytest

from atp.runtime.http_errors import MAX_REST, HttpError, HttpUnavailable, refused_with, rest

DATE = "Sun, 22 Nov 2026 12:00:00 GMT"
NOON = 1_795_348_800


def spent(reset: str, remaining: str = "0") -> dict[str, str]:
    """The headers of a rate limit, as a PDS sends them."""
    return {"RateLimit-Limit": "3000", "RateLimit-Remaining": remaining, "RateLimit-Reset": reset}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": " 120 "}, 120),
        ({"Retry-After": "9" * 5_000}, MAX_REST),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "١٢"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 12:01:30 GMT", "Date": DATE}, 90),
        ({"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": DATE}, MAX_REST),
        ({"Retry-After": "Sun, 22 Nov 1994 12:01:30 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Sun, 22 Nov 2015 12:01:30 GMT"}, 0),
        ({"Retry-After": "Sun, 22 Nov 2026 12:01:30 -0000", "Date": DATE}, None),
        (spent("30"), 30),
        (spent(" 0 "), 0),
        (spent(f"{NOON + 100}") | {"Date": DATE}, 100),
        (spent("1000000001"), 0),
        (spent("9" * 13), MAX_REST),
        (spent("soon"), None),
        (spent(""), None),
        (spent("30", remaining="1"), None),
        (spent("30", remaining=""), None),
        (spent("30") | {"Retry-After": "7"}, 7),
        (spent("30") | {"Retry-After": "soon"}, 30),
    ],
)
def test_rest(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, dates and spent limits are understood, bounded, and nonsense is no wish at all."""
    assert rest(headers) == seconds


def test_a_time_without_a_date_counts_from_our_clock() -> None:
    """A server that does not say what time it has is believed to have ours."""
    assert rest(spent(f"{time.time() + 100:.0f}")) == pytest.approx(100, abs=5)


def test_a_refusal_for_now_says_for_how_long() -> None:
    """The rate limit's reset stands in for Retry-After."""
    error = refused_with("https://pds.example.com/", 429, spent("40"), b"")
    assert isinstance(error, HttpUnavailable)
    assert (error.status, error.retry_after) == (429, 40)


def test_messages_stay_short() -> None:
    """A hostile URL does not fill the log."""
    assert len(str(HttpError("https://example.com/" + "x" * 10_000, "why"))) < 250
