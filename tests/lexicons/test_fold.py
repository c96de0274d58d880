"""Folding: what looks or sounds alike becomes the same words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexicons.fold import MAX_WORD, MAX_WORDS, fold, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Harbour, Lights!", "harbour lights"),
        ("  spaced\tout \n", "spaced out"),
        ("tūnņg", "tunng"),
        ("Ｆｕｌｌ Ｗｉｄｔｈ", "full width"),
        ("ﬁre", "fire"),
        ("Don’t Stop", "dont stop"),
        ("don't stop", "dont stop"),
        ("rock ‘n’ roll", "rock n roll"),
        ("“quoted” — dashed–out", "quoted dashed out"),
        ("7/4", "7 4"),
        ("Straße", "strasse"),
        ("ŁÓDŹ Ærø Þór", "lodz aero thor"),
        ("İstanbul ışık", "istanbul isik"),
        ("Ёлка й", "елка и"),
        ("Ἀθῆναι ΣΟΦΟΣ", "αθηναι σοφοσ"),
        ("夜に駆ける", "夜 に 駆 け る"),
        ("がか ガ", "が か ガ"),
        ("한국어 노래", "한국어 노래"),
        ("हिन्दी गीत", "हिन्दी गीत"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("🔥 fire🔥", "🔥 fire 🔥"),
        ("A$AP C++", "a $ ap c + +"),
        ("!!!", "!!!"),
        ("…", "..."),
        ("", ""),
        ("\0\u200b\u202e", ""),
    ],
)
def test_table(text: str, folded: str) -> None:
    """Each text and what is left of it."""
    assert fold(text) == folded


@given(st.text())
def test_folded_text_folds_to_itself(text: str) -> None:
    """Folding twice is folding once, so that folded texts can be compared with each other."""
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_words_are_clean(text: str) -> None:
    """Words are not empty, have no space or control character, and are bounded."""
    found = words(text)
    assert fold(text) == " ".join(found)
    assert len(found) <= MAX_WORDS
    for word in found:
        assert 0 < len(word) <= MAX_WORD
        assert not any(char.isspace() or ord(char) < 32 for char in word)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_is_the_long_way(text: str) -> None:
    """ASCII, which is folded by less work, folds as it does beside a letter that is not."""
    beside = words(f"{text} ж")
    if found := [word for word in words(text) if any(map(str.isalnum, word))]:
        assert [word for word in beside[:-1] if any(map(str.isalnum, word))] == found[: len(beside)]
