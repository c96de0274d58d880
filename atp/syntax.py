"""The identifiers of AT Protocol, each a ``str`` of its own type (spec §2.3).

Text is parsed once, where it enters; from there on the type says that it is well formed. Parsing
checks syntax alone: whether a DID resolves, a handle's domain may be used or a record exists is for
others to find out. Nothing is trimmed or repaired. Case is kept, as it tells record paths apart,
except in handles, which are lower-cased.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar, Self

from atp.datetime import Datetime
from atp.errors import InvalidIdentifier
from atp.language import Language, check_well_formed
from atp.tid import Tid

__all__ = [
    "FORMATS",
    "AtUri",
    "Datetime",
    "Did",
    "Handle",
    "Language",
    "Nsid",
    "RecordKey",
    "Uri",
    "parse_at_identifier",
]

_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_ALPHA_LABEL = "[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_CID = re.compile("(?!Qmb)[a-zA-Z0-9+=]{8,256}")


class _Pattern(str):
    """Text that is well formed when it is short enough and matches one regular expression."""

    __slots__ = ()
    _KIND: ClassVar[str]
    _WANT: ClassVar[str]
    _MAX: ClassVar[int]
    _SYNTAX: ClassVar[re.Pattern[str]]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The identifier that ``text`` is. Raises `InvalidIdentifier`."""
        if len(text) > cls._MAX:
            raise InvalidIdentifier(cls._KIND, text, f"longer than {cls._MAX} characters")
        if not cls._SYNTAX.fullmatch(text):
            raise InvalidIdentifier(cls._KIND, text, f"want {cls._WANT}")
        return cls(text)


class Did(_Pattern):
    """A decentralized identifier, ``did:plc:…`` or ``did:web:…`` in practice."""

    __slots__ = ()
    _KIND = "DID"
    _WANT = "did:METHOD:IDENTIFIER"
    _MAX = 2048
    _SYNTAX = re.compile("did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]")

    @property
    def method(self) -> str:
        """What comes after ``did:``, such as ``plc`` or ``web``."""
        return self.split(":", 2)[1]


class Handle(_Pattern):
    """A domain name that stands for an account, in lower case."""

    __slots__ = ()
    _KIND = "handle"
    _WANT = "a domain name such as alice.example.com"
    _MAX = 253
    _SYNTAX = re.compile(rf"(?:{_LABEL}\.)+{_ALPHA_LABEL}")

    INVALID: ClassVar[Handle]
    """What is shown where an account's handle cannot be verified."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The handle that ``text`` is, lower-cased. Raises `InvalidIdentifier`."""
        return cls(super().parse(text).lower())


Handle.INVALID = Handle("handle.invalid")


class Nsid(_Pattern):
    """A namespaced identifier: the name of a collection, a method or a type."""

    __slots__ = ()
    _KIND = "NSID"
    _WANT = "a reversed domain name and a name, such as com.example.record"
    _MAX = 317
    _SYNTAX = re.compile(rf"{_ALPHA_LABEL}(?:\.{_LABEL})+\.[a-zA-Z][a-zA-Z0-9]{{0,62}}")

    @property
    def authority(self) -> str:
        """The domain name whose owner defines this NSID, in the order of DNS and lower case."""
        return ".".join(reversed(self.lower().split(".")[:-1]))

    @property
    def name(self) -> str:
        """The last segment."""
        return self[self.rindex(".") + 1 :]


class RecordKey(_Pattern):
    """The name of a record within its collection."""

    __slots__ = ()
    _KIND = "record key"
    _WANT = "letters, digits and _~.:- but not . or .. alone"
    _MAX = 512
    _SYNTAX = re.compile(r"(?!\.{1,2}\Z)[a-zA-Z0-9_~.:-]+")


class Uri(_Pattern):
    """A URI of any scheme, checked only roughly."""

    __slots__ = ()
    _KIND = "URI"
    _WANT = "SCHEME:REST in visible ASCII"
    _MAX = 8192
    _SYNTAX = re.compile(r"[a-z][a-z.-]{0,80}:[\x21-\x7e]+")


class AtUri(str):
    """``at://AUTHORITY[/COLLECTION[/RKEY]]``: an account, a collection of it or one record."""

    __slots__ = ()

    MAX: ClassVar[int] = 8192

    @classmethod
    def parse(cls, text: str) -> Self:
        """The AT-URI that ``text`` is, a handle in it lower-cased. Raises `InvalidIdentifier`."""
        if len(text) > cls.MAX:
            raise InvalidIdentifier("AT-URI", text, f"longer than {cls.MAX} characters")
        scheme, *parts = text.split("/", 5)
        if scheme != "at:" or parts[:1] != [""] or not 2 <= len(parts) <= 4:
            raise InvalidIdentifier("AT-URI", text, "want at://AUTHORITY[/COLLECTION[/RKEY]]")
        try:
            parts[1] = parse_at_identifier(parts[1])
            if len(parts) > 2:
                Nsid.parse(parts[2])
            if len(parts) > 3:
                RecordKey.parse(parts[3])
        except InvalidIdentifier as exc:
            raise InvalidIdentifier("AT-URI", text, str(exc)) from exc
        return cls("/".join((scheme, *parts)))

    @classmethod
    def of(cls, did: Did, collection: Nsid, rkey: RecordKey) -> Self:
        """The AT-URI of one record."""
        return cls(f"at://{did}/{collection}/{rkey}")

    @property
    def authority(self) -> Did | Handle:
        """The account: a DID in anything that is stored, a handle in what people type."""
        text = self.split("/", 3)[2]
        return Did(text) if text.startswith("did:") else Handle(text)

    @property
    def collection(self) -> Nsid | None:
        """The collection, where the URI names one."""
        parts = self.split("/")
        return Nsid(parts[3]) if len(parts) > 3 else None

    @property
    def rkey(self) -> RecordKey | None:
        """The record key, where the URI names a record."""
        parts = self.split("/")
        return RecordKey(parts[4]) if len(parts) > 4 else None


def parse_at_identifier(text: str) -> Did | Handle:
    """The DID that ``text`` is, or else the handle. Raises `InvalidIdentifier`."""
    return Did.parse(text) if text.startswith("did:") else Handle.parse(text)


def _check_cid(text: str) -> None:
    if not _CID.fullmatch(text):
        raise InvalidIdentifier(
            "CID", text, "want 8 to 256 letters and digits, not a version 0 CID"
        )


FORMATS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "at-identifier": parse_at_identifier,
        "at-uri": AtUri.parse,
        "cid": _check_cid,
        "datetime": Datetime.parse,
        "did": Did.parse,
        "handle": Handle.parse,
        "language": check_well_formed,
        "nsid": Nsid.parse,
        "record-key": RecordKey.parse,
        "tid": Tid.parse,
        "uri": Uri.parse,
    }
)
"""What checks each string ``format`` of the lexicon language; raises `InvalidIdentifier`.

Lexicons ask for the broad syntax: any CID of any hash, any language tag that is well formed.
"""
