"""Language tags."""

from __future__ import annotations

from pathlib import Path

import pytest

from atp.errors import InvalidIdentifier
from atp.language import Language, check_well_formed
from tests.atp.test_syntax import cases


def test_valid(vectors: Path) -> None:
    """Every well-formed tag of the interop file is also valid, and is kept as it was written."""
    for text in cases(vectors / "atproto-interop-tests/syntax/language_syntax_valid.txt"):
        assert Language.parse(text) == text


def test_repeated_subtags(vectors: Path) -> None:
    """A tag that repeats a variant or an extension is well formed but not valid."""
    texts = cases(vectors / "atproto-interop-tests/syntax/language_parse_invalid.txt")
    assert texts
    for text in texts:
        check_well_formed(text)
        with pytest.raises(InvalidIdentifier, match="twice"):
            Language.parse(text)


@pytest.mark.parametrize("text", ["en-a-bb-b-aa", "de-1901-1996", "en-x-a-a", "x-a-a", "i-klingon"])
def test_what_may_repeat(text: str) -> None:
    """Private subtags may repeat, and an extension may hold what names another."""
    assert Language.parse(text) == text


@pytest.mark.parametrize(
    "text", ["", "e", "en-", "en-x", "en_US", "en-a", "en-abcdefghi", "énglish"]
)
def test_malformed(text: str) -> None:
    """What the grammar does not know is refused."""
    with pytest.raises(InvalidIdentifier):
        Language.parse(text)
