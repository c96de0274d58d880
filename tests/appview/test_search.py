"""Ranking and misspelling, by hand and against definitions that need no cleverness."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appview.search import Entry, Query, Tier, variants
from lexicons.fold import fold, words

LETTERS = st.text("abc", max_size=6)


def entry(key: int, name: str, also: str = "", popularity: int = 0, sort_at: int = 0) -> Entry:
    """An entry of these texts."""
    return Entry(key, fold(name), fold(also), popularity, sort_at)


def ask(text: str) -> Query:
    """The query that somebody types."""
    return Query(words(text))


@pytest.mark.parametrize(
    ("query", "name", "also", "tier"),
    [
        ("harbour lights", "Harbour Lights", "", Tier.EXACT),
        ("HARBOUR, lights?", "Harbour Lights", "", Tier.EXACT),
        ("harbour", "Harbour Lights", "", Tier.START),
        ("harb", "Harbour Lights", "", Tier.START),
        ("lights", "Harbour Lights", "", Tier.NAME),
        ("lights harbour", "Harbour Lights", "", Tier.NAME),
        ("lights mira", "Harbour Lights", "Mira", Tier.WORDS),
        ("mira", "Harbour Lights", "Mira", Tier.WORDS),
        ("lig har", "Harbour Lights", "", Tier.BEGINNINGS),
        ("mir lights", "Harbour Lights", "Mira", Tier.BEGINNINGS),
        ("ights", "Harbour Lights", "", Tier.INSIDE),
        ("harbor", "Harbour Lights", "", Tier.TYPO),
        ("harbuor", "Harbour Lights", "", Tier.TYPO),
        ("lihgts mira", "Harbour Lights", "Mira", Tier.TYPO),
        ("夜 駆", "夜に駆ける", "", Tier.NAME),
        ("夜に", "夜に駆ける", "", Tier.START),
        ("don't stop", "Don’t Stop!", "", Tier.EXACT),
        ("h", "Lights Harbour", "", None),
        ("xx", "Harbour Lights", "", None),
        ("harbour night", "Harbour Lights", "", None),
        ("", "Harbour Lights", "", None),
        ("", "", "", None),
    ],
)
def test_tiers(query: str, name: str, also: str, tier: Tier | None) -> None:
    """Each way to match, and none."""
    assert ask(query).match(entry(1, name, also)) is tier


def test_order() -> None:
    """Better matches first, then better liked, then newer, then by key: in whatever order found."""
    entries = [
        entry(1, "Night"),
        entry(2, "Night Drive", popularity=9),
        entry(3, "Night Bus", popularity=9, sort_at=5),
        entry(4, "The Night", popularity=90),
        entry(5, "The Nightingale", popularity=900),
        entry(6, "Midnight", popularity=9_000),
        entry(7, "Nihgt", popularity=90_000),
        entry(8, "The Night", popularity=90),
        entry(9, "Day", popularity=900_000),
    ]
    expected = [1, 3, 2, 8, 4, 5, 6, 7]
    for found in list(permutations(entries))[:500]:
        assert [match.key for match in ask("night").rank(found)] == expected


def distance(one: str, other: str) -> int:
    """Letters to leave out, add, replace or swap with the next, by the textbook's table."""
    table = {(0, at): at for at in range(len(other) + 1)} | {
        (at, 0): at for at in range(len(one) + 1)
    }
    for row in range(1, len(one) + 1):
        for at in range(1, len(other) + 1):
            table[row, at] = min(
                table[row - 1, at] + 1,
                table[row, at - 1] + 1,
                table[row - 1, at - 1] + (one[row - 1] != other[at - 1]),
            )
            if (
                row > 1
                and at > 1
                and one[row - 1] == other[at - 2]
                and one[row - 2] == other[at - 1]
            ):
                table[row, at] = min(table[row, at], table[row - 2, at - 2] + 1)
    return table[len(one), len(other)]


@given(LETTERS, LETTERS)
def test_a_variant_is_one_letter_away(one: str, other: str) -> None:
    """The variants of a word are what the edit distance says, of words that are long enough."""
    assert (other in variants(one)) == (distance(one, other) == 1 and len(one) >= 3)


def test_variants_of_other_alphabets() -> None:
    """Letters of the word's own script are tried; of an unknown script none, but swaps are."""
    assert "гроза" in variants("гроз")
    assert "θάλασσα".replace("ά", "α") in variants("θαλασα")
    assert "한어국" in variants("한국어")
    assert variants("ab") == variants("a" * 21) == []
