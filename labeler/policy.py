"""Which labels this labeler gives, as its account declares to apps (spec §4.6).

Names that every app knows need no definition. The others are defined here: what they say, how much
they matter, and what an app does by default.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from atp.syntax import Datetime

COLLECTION = "app.bsky.labeler.service"
RKEY = "self"

KNOWN = ("!hide", "!warn", "porn", "sexual", "nudity", "graphic-media")
"""Names that apps know by themselves."""

_COPYRIGHT = {
    "identifier": "copyright-violation",
    "severity": "alert",
    "blurs": "content",
    "defaultSetting": "warn",
    "adultOnly": False,
    "locales": [
        {
            "lang": "en",
            "name": "Copyright violation",
            "description": "A recording that somebody else holds the rights to.",
        }
    ],
}
DEFINITIONS = (_COPYRIGHT,)


def declaration(created_at: Datetime, more: Iterable[str] = ()) -> dict[str, Any]:
    """The record by which an account is a labeler; ``more`` are names given besides."""
    values = [*KNOWN, *(one["identifier"] for one in DEFINITIONS)]
    return {
        "$type": COLLECTION,
        "policies": {
            "labelValues": list(dict.fromkeys([*values, *more])),
            "labelValueDefinitions": list(DEFINITIONS),
        },
        "createdAt": str(created_at),
    }
