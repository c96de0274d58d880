"""TIDs: timestamps that sort as text, used as record keys and commit revisions (spec §2.3).

Thirteen characters of sortable base32 hold 64 bits: a zero, 53 bits of microseconds since the
epoch and 10 bits of clock id. The time in a TID is a claim of whoever wrote it, not a fact.
"""

from __future__ import annotations

import re
from typing import Self

from atp.errors import InvalidIdentifier

MAX_MICROS = 2**53 - 1
MAX_CLOCK_ID = 2**10 - 1

_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_SYNTAX = re.compile("[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")


class Tid(str):
    """A timestamp identifier. Text order is time order."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The TID that ``text`` is. Raises `InvalidIdentifier`."""
        if not _SYNTAX.fullmatch(text):
            raise InvalidIdentifier(
                "TID", text, "want 13 characters of 2-7 and a-z, the first of 2-7 and a-j"
            )
        return cls(text)

    @classmethod
    def from_micros(cls, micros: int, clock_id: int) -> Self:
        """The TID of a time in µs since the epoch and a clock id of 0…1023.

        Raises `InvalidIdentifier` where either does not fit.
        """
        if not (0 <= micros <= MAX_MICROS and 0 <= clock_id <= MAX_CLOCK_ID):
            raise InvalidIdentifier(
                "TID", f"{micros}/{clock_id}", "the time takes 53 bits and the clock id 10"
            )
        number = micros << 10 | clock_id
        return cls("".join([_ALPHABET[number >> shift & 31] for shift in range(60, -1, -5)]))

    def micros(self) -> int:
        """The claimed time, µs since the epoch."""
        number = 0
        for character in self:
            number = number << 5 | _VALUES[character]
        return number >> 10


class TidClock:
    """A source of TIDs, each greater than the one before it, whatever the clock does."""

    __slots__ = ("_clock_id", "_last")

    def __init__(self, clock_id: int) -> None:
        """``clock_id``, 0…1023, tells apart clocks that write to one place; choose it at random."""
        self._clock_id = clock_id
        self._last = -1

    def next(self, now_micros: int) -> Tid:
        """A TID of ``now_micros``, or of the first microsecond not yet used where that is later."""
        self._last = max(self._last + 1, now_micros)
        return Tid.from_micros(self._last, self._clock_id)
