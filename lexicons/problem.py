"""What is wrong with a value, where, and against which rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAX_PROBLEMS = 32
"""How many problems of one value are told; a hostile value could have a hundred thousand.

More than a record can have of those that `lexicons.records` tolerates, so none of the others is
ever cut off behind them.
"""


class Rule(StrEnum):
    """The rules that a value can break: a closed set, fit for a metric label."""

    TYPE = "type"
    REQUIRED = "required"
    CONST = "const"
    ENUM = "enum"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    FORMAT = "format"
    MIN_LENGTH = "minLength"
    MAX_LENGTH = "maxLength"
    MAX_LENGTH_IN_BYTES_ONLY = "maxLengthInBytesOnly"
    """Text longer than allowed in UTF-8 bytes, though not in characters: a frequent mistake."""
    MIN_GRAPHEMES = "minGraphemes"
    MAX_GRAPHEMES = "maxGraphemes"
    ACCEPT = "accept"
    MAX_SIZE = "maxSize"
    UNION = "union"
    KEY = "key"
    AUDIO = "audio"
    """A track has its sound somewhere; the one rule that no schema can say."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule. ``path`` leads to the value, ``items/3/subject/uri``; empty: the whole."""

    path: str
    message: str
    rule: Rule

    def under(self, step: str | int) -> Problem:
        """The same problem, seen from the object or array that holds the value as ``step``."""
        return Problem(f"{step}/{self.path}" if self.path else f"{step}", self.message, self.rule)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message
