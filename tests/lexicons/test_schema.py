"""Schema nodes are values."""

from __future__ import annotations

import pytest

from lexicons.document import read_document
from lexicons.reader import Span
from lexicons.schema import Array, Integer
from tests.lexicons.examples import lexicon


def test_nodes_are_equal_when_they_say_the_same() -> None:
    """Reading the same JSON twice gives equal nodes; another bound gives another node."""
    schema = {"type": "array", "items": {"type": "integer", "maximum": 3}, "minLength": 1}
    read = [read_document(lexicon(schema)).definitions["com.example.thing"] for _ in range(2)]
    assert read[0] == read[1]
    assert read[0] == Array(Integer(Span(None, 3), (), None, None), Span(1, None))
    assert read[0] != Array(Integer(Span(None, 4), (), None, None), Span(1, None))


def test_nodes_do_not_change() -> None:
    """What is compiled once stays what it was."""
    node = Integer(Span(0, 1), (), None, None)
    with pytest.raises(AttributeError):
        node.span = Span(0, 2)  # type: ignore[misc]
