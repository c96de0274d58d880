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
import time
from collections.abc import Mapping

MAX_REST = 86_400.0
"""Seconds; a server that asks for more patience gets this much."""

_EPOCH = 1_000_000_000
"""No server asks for this many seconds, so a greater number is a time."""

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
            retry_after=rest(headers),
        )
    return HttpStatus(where, status, headers, body)


def rest(headers: Mapping[str, str]) -> float | None:
    """Seconds for which an answer, of any status, asks us to leave its server alone.

    That is ``Retry-After``, else the reset of a rate limit of which nothing remains (spec §3): a
    time, as PDSes send it, or seconds from now. Times count from the answer's own ``Date``.
    """
    now = _time(headers.get("Date", "")) or time.time()
    asked = headers.get("Retry-After", "").strip()
    seconds, until = _number(asked), _time(asked)
    if seconds is None and until is not None:
        seconds = until - now
    if seconds is None and headers.get("RateLimit-Remaining", "").strip() == "0":
        seconds = _number(headers.get("RateLimit-Reset", "").strip())
        if seconds is not None and seconds > _EPOCH:
            seconds -= now
    return None if seconds is None else min(max(seconds, 0.0), MAX_REST)


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdecimal() else None


def _time(text: str) -> float | None:
    """An HTTP date in seconds since the epoch."""
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return None if moment.tzinfo is None else moment.timestamp()
