"""Slugs of album titles."""

from __future__ import annotations

import re
import string
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexicons.slug import MAX_SLUG, slug

WORDS = st.text(string.ascii_letters + string.digits + " -_.'!/&", max_size=90)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("2026", "2026"),
        ("Late Night Ambient", "late-night-ambient"),
        ("Blue (Deluxe Edition)", "blue-deluxe-edition"),
        ("  spaced\t\tout  ", "spaced-out"),
        ("well-known -- things", "well-known-things"),
        ("7/4", "74"),
        ("Don’t “Stop”", "dont-stop"),
        ("A – B", "a-b"),
        ("tūnņg", "tunng"),
        ("Études", "etudes"),
        ("ﬁrst №1", "first-no1"),
        ("Straße", "strasse"),
        ("Привет", "привет"),
        ("夜に駆ける", "夜に駆ける"),
        ("春 (Remix)", "春-remix"),
        ("ガ", "ガ"),
        ("नमस्ते", "नमस्ते"),
        ("שָׁלוֹם", "שלום"),
        ("!!!", "21-21-21"),
        ("★", "2605"),
        (" ", "20"),
        ("", ""),
    ],
)
def test_slugs(title: str, expected: str) -> None:
    """Folded, then filtered, so that an accent costs no letter; nothing is left without a name."""
    assert slug(title) == expected


def test_cut_between_words() -> None:
    """A title of 91 characters is whole; a longer one ends with a word, or at the limit."""
    long = "the quick brown fox jumps over the lazy dog and then it sleeps for a very long time today x"
    assert len(long) == 91
    assert slug(long) == long.replace(" ", "-")
    cut = slug(f"{long} and tomorrow")
    assert cut == f"{long} and".replace(" ", "-")
    assert slug("a" * 150) == "a" * MAX_SLUG


@given(WORDS)
def test_same_as_the_plain_rule_for_ascii(title: str) -> None:
    """What is ASCII has the slug that links have had: a slow obvious twin."""
    plain = re.sub(r"[^a-z0-9\s-]", "", title.lower())
    plain = re.sub(r"-+", "-", re.sub(r"\s+", "-", plain)).strip("-")
    if plain:
        assert slug(title) == plain


@given(st.text(max_size=150))
def test_laws(title: str) -> None:
    """Bounded, a slug of itself, the same for every form of the same text, empty only for ''."""
    found = slug(title)
    assert len(found) <= MAX_SLUG
    assert slug(found) == found
    assert bool(found) == bool(title)
    assert not set(found) & set("/?#% ")
    if any(char.isalnum() for char in title):
        assert slug(normalize("NFD", title)) == slug(normalize("NFC", title)) == found
