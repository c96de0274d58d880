"""How a request to somebody else's server fails. Each error says who should act.

    HttpError
    ├── HttpRefused       we will not ask: the URL or an address behind it is not allowed
    ├── HttpUnavailable   nobody can tell now: no connection, too slow, 408, 425, 429, 5xx
    │   └── HttpNoHost    DNS knows no such name, or no address of it
    ├── HttpStatus        the server answered, with another status than 2xx
    ├── HttpTooLarge      the body is longer than the cap
    └── HttpMalformed     the body is not the JSON it should be

`HttpUnavailable` never means that something is gone (law 10); a later try may find it.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping

MAX_RETRY_AFTER = 86_400.0
"""Seconds; a server that asks for more patience gets this much."""

_TRY_LATER = frozenset((408, 425, 429))
_NOT_IMPLEMENTED = 501
_SHOWN = 200
"""Characters of a URL that an error message repeats."""


class HttpError(Exception):
    """A request without a usable answer. ``where`` is the URL or host that was asked."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where[:_SHOWN]}: {why}")
        self.where = where


class HttpRefused(HttpError):
    """The URL, or an address behind its name, may not be asked."""


class HttpUnavailable(HttpError):
    """No answer now. ``retry_after``: seconds that the server asked us to wait."""

    def __init__(
        self, where: str, why: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(where, why)
        self.status = status
        self.retry_after = retry_after


class HttpNoHost(HttpUnavailable):
    """The name does not exist or has no address."""


class HttpStatus(HttpError):
    """An answer that is neither a success nor a reason to try later.

    ``body`` holds what the server said about it, cut to a limit.
    """

    def __init__(self, where: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(where, f"answered with status {status}")
        self.status = status
        self.headers = headers
        self.body = body


class HttpTooLarge(HttpError):
    """The body, decompressed, is longer than the cap."""

    def __init__(self, where: str, limit: int) -> None:
        super().__init__(where, f"the body is longer than {limit} bytes")


class HttpMalformed(HttpError):
    """The body of a successful answer is not JSON."""


def refused_with(
    where: str, status: int, headers: Mapping[str, str], body: bytes
) -> HttpStatus | HttpUnavailable:
    """The error that a status other than 2xx means.

    501 is an answer (no such method here), not a reason to come back.
    """
    if status in _TRY_LATER or (status >= 500 and status != _NOT_IMPLEMENTED):
        return HttpUnavailable(
            where,
            f"answered with status {status}",
            status=status,
            retry_after=retry_after(headers),
        )
    return HttpStatus(where, status, headers, body)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a ``Retry-After`` header asks for; a date counts from the answer's own."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), MAX_RETRY_AFTER)
    try:
        until = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(headers.get("Date", ""))
        return min(max((until - now).total_seconds(), 0.0), MAX_RETRY_AFTER)
    except (ValueError, TypeError, OverflowError):
        return None
