"""Which bytes a request is for (RFC 9110 §14).

One range of bytes is answered as it is asked for. Several, another unit and what is malformed are
overlooked, as the RFC allows: the whole file is the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPEC = re.compile(rb"([0-9]*)-([0-9]*)")
_MAX_DIGITS = 18
_BEYOND = 10**_MAX_DIGITS
"""Stands for every number of more digits: no file is that long."""


class Unsatisfiable(ValueError):
    """A range that no byte of the file lies in."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from ``first`` up to and without ``end``."""

    first: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.first


def span(header: bytes | None, size: int) -> Span | None:
    """The part of a file of ``size`` bytes that a ``Range`` header asks for; None for the whole.

    Raises `Unsatisfiable`.
    """
    unit, _, ranges = (header or b"").partition(b"=")
    specs = [spec for spec in (part.strip(b" \t") for part in ranges.split(b",")) if spec]
    if unit.strip(b" \t").lower() != b"bytes" or len(specs) != 1:
        return None
    match = _SPEC.fullmatch(specs[0])
    if match is None or match[0] == b"-":
        return None
    first, last = (_number(text) for text in match.groups())
    if first is None:
        assert last is not None, "one of the two is there"
        first, end = max(size - last, 0), size
    else:
        if last is not None and last < first:
            return None
        end = size if last is None else min(last + 1, size)
    if first >= end:
        raise Unsatisfiable(f"the file has {size} bytes")
    return Span(first, end)


def _number(text: bytes) -> int | None:
    if not text:
        return None
    digits = text.lstrip(b"0") or b"0"
    return int(digits) if len(digits) <= _MAX_DIGITS else _BEYOND
