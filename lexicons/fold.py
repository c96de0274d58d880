"""Text as search compares it: what looks or sounds alike becomes the same words.

Both sides of a search fold with this, the index before it stores and the AppView before it asks, so
a change here is a change of what the index holds (`indexer.projection`).

Compatibility forms and case are folded, accents and vowel points dropped, a few letters spelled
out, apostrophes of any shape left out of words, and all other punctuation separates them. Marks
that make another letter of the one before stay: voiced kana, the vowel signs of Indic scripts.
Scripts that are written without spaces are cut into single characters, each a word. Of a text
that has nothing but punctuation, that is kept, since there are bands called ``!!!``.
"""

from __future__ import annotations

from unicodedata import combining, normalize

import regex

MAX_WORDS = 64
MAX_WORD = 48
"""Words of a text and characters of a word that count; the rest is not searched for."""

_FIRST_ACCENT = 200
_POINTS = range(10, 36)
"""Canonical combining classes of accents, and of the vowel points of Hebrew and Arabic."""

_SPELLED = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ı": "i",
        "ł": "l",
        "ŋ": "n",
        "þ": "th",
        "ŧ": "t",
    }
)
"""Letters that Unicode does not take apart, as they are typed where they are not on the keys."""

_APOSTROPHES = regex.compile(r"['`´‘’‛ʹʼ′]")
_WORDS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
    r"|(?:(?![\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"
    r"[\p{L}\p{N}\p{M}])+"
    r"|\p{S}"
)
_SOMETHING = regex.compile(r"[^\p{Z}\p{C}]+")
_ASCII = regex.compile(r"[a-z0-9]+|[$+<=>^|~]")


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    if text.isascii():
        lowered = text.lower()
        found = _ASCII.findall(lowered.replace("'", "").replace("`", ""))
    else:
        lowered = normalize("NFKD", normalize("NFKD", text).casefold())
        bare = "".join(char for char in lowered if not _drops(combining(char)))
        plain = normalize("NFC", bare).translate(_SPELLED)
        found = _WORDS.findall(_APOSTROPHES.sub("", plain))
    found = found or _SOMETHING.findall(lowered)
    return [word[:MAX_WORD] for word in found[:MAX_WORDS]]


def fold(text: str) -> str:
    """The folded words of a text with a space between each two; the same again when folded."""
    return " ".join(words(text))


def _drops(kind: int) -> bool:
    return kind >= _FIRST_ACCENT or kind in _POINTS
