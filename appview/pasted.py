"""Queries that name something outright: a handle, a DID, an AT-URI, or a link to a page (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

import regex

from atp.errors import InvalidIdentifier
from atp.syntax import AtUri, Did, Handle, parse_at_identifier

SITE: Final = "https://plyr.fm"
"""The music site whose links are read, and given to those who want a page to look at."""

_LINK = regex.compile(
    r"https?://(?:www\.)?(?:stg\.)?plyr\.fm/(?:"
    r"u/(?P<artist>[^/?#]+)(?:/album/(?P<slug>[^/?#]+))?|at/(?:at:/{1,2})?(?P<uri>[^?#]+)"
    r"|(?P<bare>at:/{1,2}[^?#]+))/?(?:[?#].*)?"
)
_BLUESKY = regex.compile(r"https?://(?:www\.)?bsky\.app/profile/(?P<artist>[^/?#]+).*")


@dataclass(frozen=True, slots=True)
class Pasted:
    """Who is named, and which record or album of theirs if it is more than the account."""

    actor: Did | Handle
    record: AtUri | None = None
    album: str | None = None

    def of(self, did: Did) -> AtUri:
        """The URI of the record, by the DID of its account."""
        assert self.record, "an account or album is no record"
        collection, rkey = self.record.collection, self.record.rkey
        assert collection, "the record has a key"
        assert rkey, "the record has a key"
        return AtUri.of(did, collection, rkey)


def pasted(query: str) -> Pasted | None:
    """What a query names; None when it is words."""
    text = query.strip()
    try:
        if link := _LINK.fullmatch(text) or _BLUESKY.fullmatch(text):
            return _linked({name: unquote(part) for name, part in link.groupdict("").items()})
        if text.startswith("at://"):
            return _record(AtUri.parse(text.rstrip("/")))
        return Pasted(parse_at_identifier(text.removeprefix("@")))
    except InvalidIdentifier:
        return None


def page_of(uri: AtUri) -> str:
    """The address of the page of a record, which the site leads on to."""
    return f"{SITE}/at/{uri.removeprefix('at://')}"


def _linked(parts: dict[str, str]) -> Pasted:
    if uri := parts.get("uri") or parts.get("bare"):
        bare = uri.rstrip("/").removeprefix("at:").lstrip("/")
        return _record(AtUri.parse(f"at://{bare}"))
    return Pasted(parse_at_identifier(parts["artist"]), album=parts.get("slug") or None)


def _record(uri: AtUri) -> Pasted:
    return Pasted(uri.authority, uri if uri.rkey else None)
