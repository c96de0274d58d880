"""Which labels this labeler gives, as its account declares to apps (spec §4.6).

Names that every app knows need no definition. The others are defined here: what they say, how much
they matter, and what an app does by default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from atp.errors import InvalidIdentifier
from atp.syntax import Datetime

COLLECTION = "app.bsky.labeler.service"
RKEY = "self"

KNOWN = ("!hide", "!warn", "porn", "sexual", "nudity", "graphic-media")
"""Names that apps know by themselves."""

_COPYRIGHT: Mapping[str, Any] = {
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


def declaration(
    created_at: Datetime,
    more: Iterable[str] = (),
    before: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The record by which an account is a labeler; ``more`` are names given besides.

    What ``before``, the record that is there, has beside ours stays: its time, names and
    definitions of other labels, other languages, other fields, and the order of all.
    """
    found = before.get("policies")
    policies = found if isinstance(found, dict) else {}
    named = [value for value in _list(policies, "labelValues") if isinstance(value, str)]
    ours = [*KNOWN, *(one["identifier"] for one in DEFINITIONS), *more]
    return {
        **before,
        "$type": COLLECTION,
        "policies": {
            **policies,
            "labelValues": list(dict.fromkeys([*named, *ours])),
            "labelValueDefinitions": _definitions(_list(policies, "labelValueDefinitions")),
        },
        "createdAt": _moment(before.get("createdAt")) or str(created_at),
    }


def _definitions(found: Iterable[object]) -> list[dict[str, Any]]:
    """Those that were found, with ours in the place of the same."""
    defined = _by("identifier", found)
    for ours in DEFINITIONS:
        theirs = defined.get(ours["identifier"], {})
        locales = _by("lang", _list(theirs, "locales")) | _by("lang", ours["locales"])
        defined[ours["identifier"]] = {**theirs, **ours, "locales": list(locales.values())}
    return list(defined.values())


def _by(key: str, found: Iterable[object]) -> dict[str, dict[str, Any]]:
    """Objects by their name; what has none is no part of the record's lexicon."""
    return {
        one[key]: one for one in found if isinstance(one, dict) and isinstance(one.get(key), str)
    }


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    found = fields.get(name)
    return found if isinstance(found, list) else []


def _moment(text: object) -> str | None:
    try:
        return Datetime.parse(text) if isinstance(text, str) else None
    except InvalidIdentifier:
        return None
