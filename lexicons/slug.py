"""Slugs: the title of an album as a part of an address, by which an artist's album is known.

The index writes them and the AppView compares them, so a change here is a change of what the index
holds (`indexer.projection`). The rule is plyr.fm's, whose links say the same slugs, but for letters
that are not Latin: there they are dropped, and with them what tells titles apart.
"""

from __future__ import annotations

from unicodedata import category, combining, normalize

MAX_SLUG = 100

_FIRST_POINT = 10
"""The first canonical combining class of accents and vowel points; below are parts of letters."""


def slug(title: str) -> str:
    """The slug of a title: letters and digits, folded, with a hyphen between each two words.

    A longer one than `MAX_SLUG` characters is cut between words, where it has several. A title
    without letters and digits is spelled by the numbers of its characters; only '' gives ''.
    """
    folded = normalize("NFKD", normalize("NFKD", title).casefold())
    kept = "".join(char for char in folded if char.isspace() or char == "-" or _is_letter(char))
    joined = "-".join(normalize("NFC", kept).replace("-", " ").split())
    return _cut(joined or "-".join(f"{ord(char):x}" for char in title))


def _is_letter(char: str) -> bool:
    return char.isalnum() or (category(char)[0] == "M" and combining(char) < _FIRST_POINT)


def _cut(text: str) -> str:
    if len(text) <= MAX_SLUG:
        return text
    return text[:MAX_SLUG].rpartition("-")[0] or text[:MAX_SLUG]
