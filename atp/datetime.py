"""Datetimes of records: text in a strict profile of RFC 3339 (spec §2.3).

The text is kept as its author wrote it. Years run from 0000 to 9999 and fractions to 20 digits,
which is more than the standard library's type can hold: it counts from the year 1, so the year 0 is
taken for the year 400 of the Gregorian calendar, which repeats itself every 400.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Self

from atp.errors import InvalidIdentifier

_MAX = 64
_SYNTAX = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,20})?"
    r"(?:Z|(?!-00:00)[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_CYCLE = 400
_CYCLE_MICROS = 146_097 * 86_400_000_000
_YEAR_ZERO = -62_167_219_200_000_000
"""The year 0000, µs since the epoch."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BASE = datetime(_CYCLE, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Datetime(str):
    """A moment, as written by whoever claims it."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The datetime that ``text`` is. Raises `InvalidIdentifier`."""
        if len(text) > _MAX:
            raise InvalidIdentifier("datetime", text, f"longer than {_MAX} characters")
        if not _SYNTAX.fullmatch(text):
            raise InvalidIdentifier("datetime", text, "want YYYY-MM-DDTHH:mm:ss.sssZ")
        moment = cls(text)
        try:
            micros = moment.micros()
        except ValueError as exc:
            raise InvalidIdentifier("datetime", text, str(exc)) from exc
        if micros < _YEAR_ZERO:
            raise InvalidIdentifier("datetime", text, "before the year 0000")
        return moment

    @classmethod
    def from_micros(cls, micros: int) -> Self:
        """The datetime of a time in µs since the epoch, in UTC, cut to milliseconds.

        Raises `InvalidIdentifier` outside the years 0000 to 9999.
        """
        cycles, rest = divmod(micros - _YEAR_ZERO, _CYCLE_MICROS)
        moment = _BASE + timedelta(microseconds=rest)
        year = moment.year + (cycles - 1) * _CYCLE
        if not 0 <= year <= 9999:
            raise InvalidIdentifier("datetime", str(micros), "outside the years 0000 to 9999")
        return cls(f"{year:04}{moment.isoformat(timespec='milliseconds')[4:-6]}Z")

    def micros(self) -> int:
        """The time, µs since the epoch, cut to whole µs; negative before 1970."""
        if self.startswith("0000"):
            return Datetime(f"{_CYCLE:04}{self[4:]}").micros() - _CYCLE_MICROS
        return (datetime.fromisoformat(self) - _EPOCH) // _MICROSECOND
