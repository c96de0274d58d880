"""Whose labels an answer shows: the caller's choice among the labelers that we follow (spec §4.6).

``atproto-accept-labelers`` is a list of DIDs as RFC 8941 writes tokens, each with the flag
``redact`` or without: whether that labeler's takedowns remove content instead of labelling it. It
is read to the letter; what breaks its syntax is an error and not a wish for the default.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from atp.errors import InvalidIdentifier
from atp.runtime.asgi import Headers
from atp.syntax import Did

ACCEPT = b"atproto-accept-labelers"
CONTENT = b"atproto-content-labelers"
MAX_LABELERS = 20
"""Labelers that one call may name."""

_REDACT = "redact"
_NAME_TEXT = r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*"
_BARE_ITEM = (
    rf'\?[01]|-?(?:[0-9]{{1,12}}\.[0-9]{{1,3}}|[0-9]{{1,15}})|"(?:[ !#-\[\]-~]|\\["\\])*"'
    rf"|:[A-Za-z0-9+/=]*:|{_NAME_TEXT}"
)
_PARAMETER = re.compile(rf"; *([a-z*][a-z0-9_.*-]*)(?:=({_BARE_ITEM}))?")
_NAME = re.compile(_NAME_TEXT)
_COMMA = re.compile(r"[ \t]*,[ \t]*")


class AcceptLabelersError(ValueError):
    """The header is not what it must be; the text is meant for the caller."""


@dataclass(frozen=True, slots=True)
class Labelers:
    """The labelers whose labels are shown, each with whether it may redact."""

    redacting: Mapping[Did, bool] = field(default_factory=dict)

    @classmethod
    def default(cls, followed: Collection[Did]) -> Labelers:
        """All that we follow, as trusted as the operator's own word."""
        return _default(tuple(followed))

    @classmethod
    def asked(cls, values: Sequence[bytes], followed: Collection[Did]) -> Labelers:
        """What the header's values ask for, less the labelers that we do not follow.

        Without the header that is the default, with an empty one nobody. Raises
        `AcceptLabelersError`.
        """
        if not values:
            return cls.default(followed)
        chosen = parse(
            ", ".join(text for value in values if (text := value.decode("latin-1").strip(" ")))
        )
        return cls({did: redact for did, redact in chosen.items() if did in followed})

    def headers(self) -> Headers:
        """What tells the caller whose labels the answer shows; an empty list is no header."""
        if not self.redacting:
            return ()
        told = [did + (f";{_REDACT}" if redact else "") for did, redact in self.redacting.items()]
        return ((CONTENT, ", ".join(told).encode()),)


NOBODY = Labelers()


@lru_cache(1)
def _default(followed: tuple[Did, ...]) -> Labelers:
    return Labelers(dict.fromkeys(followed, True))


def parse(text: str) -> dict[Did, bool]:
    """The labelers of the header's value, each once, with whether it may redact there.

    Raises `AcceptLabelersError`.
    """
    chosen: dict[Did, bool] = {}
    text = text.strip(" ")
    at = 0
    while at < len(text):
        did, redact, at = _member(text, at)
        chosen[did] = chosen.get(did, False) or redact
        if at == len(text):
            break
        comma = _COMMA.match(text, at)
        if not comma or comma.end() == len(text):
            raise _broken(text, at, "another labeler after a comma")
        at = comma.end()
    if len(chosen) > MAX_LABELERS:
        raise AcceptLabelersError(f"{ACCEPT.decode()} names more than {MAX_LABELERS} labelers")
    return chosen


def _member(text: str, at: int) -> tuple[Did, bool, int]:
    """The labeler that is named at a place, its flag, and where it ends."""
    name = _NAME.match(text, at)
    if not name:
        raise _broken(text, at, "a DID")
    try:
        did = Did.parse(name[0])
    except InvalidIdentifier as exc:
        raise AcceptLabelersError(f"{ACCEPT.decode()}: {exc}") from exc
    redact = False
    at = name.end()
    while parameter := _PARAMETER.match(text, at):
        if parameter[1] == _REDACT:
            if parameter[2] not in (None, "?1", "?0"):
                raise _broken(text, parameter.start(), "redact as a flag, without a value")
            redact = parameter[2] != "?0"
        at = parameter.end()
    return did, redact, at


def _broken(text: str, at: int, wanted: str) -> AcceptLabelersError:
    return AcceptLabelersError(f"{ACCEPT.decode()}: want {wanted} at {text[at : at + 20]!r}")
