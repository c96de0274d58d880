"""Language tags (BCP 47, RFC 5646; spec §2.3).

*Well formed* means that a tag fits the grammar; *valid* also that it names no variant and opens no
extension twice. Subtags are not looked up in the registry, which changes.
"""

from __future__ import annotations

import re
from typing import Self

from atp.errors import InvalidIdentifier

_MAX = 128
_PRIVATE = "[xX](?:-[a-zA-Z0-9]{1,8})+"
_VARIANT = "[a-zA-Z0-9]{5,8}|[0-9][a-zA-Z0-9]{3}"
_GRANDFATHERED = (
    "i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)"
    "|en-GB-oed|sgn-BE-(?:FR|NL)|sgn-CH-DE"
    "|art-lojban|cel-gaulish|no-(?:bok|nyn)|zh-(?:guoyu|hakka|min|min-nan|xiang)"
)
_SYNTAX = re.compile(
    f"(?:{_GRANDFATHERED}|{_PRIVATE}|"
    "[a-z]{2,3}(?:-[a-zA-Z]{3}){0,3}"
    "(?:-[a-zA-Z]{4})?"
    "(?:-(?:[a-zA-Z]{2}|[0-9]{3}))?"
    f"(?P<variants>(?:-(?:{_VARIANT}))*)"
    "(?P<extensions>(?:-[a-wyzA-WYZ0-9](?:-[a-zA-Z0-9]{2,8})+)*)"
    f"(?:-{_PRIVATE})?)"
)


class Language(str):
    """A language tag such as ``en`` or ``pt-BR``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The valid language tag that ``text`` is. Raises `InvalidIdentifier`."""
        match = check_well_formed(text)
        variants = (match["variants"] or "").lower().split("-")[1:]
        singletons = re.findall("-(.)(?=-)", (match["extensions"] or "").lower())
        for subtags in (variants, singletons):
            if len(set(subtags)) < len(subtags):
                raise InvalidIdentifier("language", text, "a variant or extension stands twice")
        return cls(text)


def check_well_formed(text: str) -> re.Match[str]:
    """How ``text`` fits the grammar. Raises `InvalidIdentifier` where it does not."""
    match = _SYNTAX.fullmatch(text) if len(text) <= _MAX else None
    if match is None:
        raise InvalidIdentifier("language", text, "want a BCP 47 tag such as en or pt-BR")
    return match
