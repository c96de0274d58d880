"""Datetimes as answers write them."""

from __future__ import annotations

from atp.cbor import Value
from atp.errors import InvalidIdentifier
from atp.syntax import Datetime

_YEAR_ONE = -62_135_596_800_000_000
"""µs of 0001-01-01, the first moment that can be written; a record may claim the year 0000."""


def moment(micros: int) -> str:
    """A time in µs since the epoch as ``YYYY-MM-DDTHH:mm:ss.sssZ``."""
    return Datetime.from_micros(max(micros, _YEAR_ONE))


def claimed(text: Value, otherwise: int) -> str:
    """A datetime as its author wrote it; a time in µs takes the place of one that is not valid."""
    try:
        return Datetime.parse(text) if isinstance(text, str) else moment(otherwise)
    except InvalidIdentifier:
        return moment(otherwise)
