"""What a server asks us to wait."""

from __future__ import annotations

import pytest

from atp.runtime.http_errors import MAX_RETRY_AFTER, HttpError, retry_after

DATE = "Sun, 22 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": " 120 "}, 120),
        ({"Retry-After": "9" * 5_000}, MAX_RETRY_AFTER),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "١٢"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 12:01:30 GMT", "Date": DATE}, 90),
        ({"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": DATE}, MAX_RETRY_AFTER),
        ({"Retry-After": "Sun, 22 Nov 2026 12:01:30 GMT"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 12:01:30 -0000", "Date": DATE}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds and dates are understood, bounded, and nonsense is no wish at all."""
    assert retry_after(headers) == seconds


def test_messages_stay_short() -> None:
    """A hostile URL does not fill the log."""
    assert len(str(HttpError("https://example.com/" + "x" * 10_000, "why"))) < 250
