"""A reader hands out members by type and names the place of what is not of that type."""

from __future__ import annotations

import pytest

from atp.syntax import Nsid
from lexicons.reader import Reader, SchemaError, Span

DOCUMENT = Nsid("com.example.thing")


def reader(**node: object) -> Reader:
    return Reader.at(node, "com.example.thing/defs/main", DOCUMENT)


def test_members_come_back_as_they_are() -> None:
    """Each method gives the member of its type, or nothing where it is absent."""
    found = reader(a="x", b=True, c=3, d=["x"], e=[1])
    assert (found.text("a"), found.flag("b"), found.integer("c")) == ("x", True, 3)
    assert (found.texts("d"), found.integers("e")) == (("x",), (1,))
    assert (found.text("z"), found.flag("z"), found.integer("z"), found.texts("z")) == (
        None,
        None,
        None,
        (),
    )


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("text", 1),
        ("flag", 1),
        ("flag", "true"),
        ("integer", True),
        ("integer", 1.0),
        ("integer", "1"),
        ("texts", "x"),
        ("texts", ["x", 1]),
        ("integers", [True]),
        ("name", ""),
        ("name", None),
        ("child", []),
    ],
)
def test_another_type_is_refused_with_its_place(method: str, value: object) -> None:
    """A member of another type is an error that says where it stands."""
    with pytest.raises(SchemaError, match=r"com\.example\.thing/defs/main[:/] ?field"):
        getattr(reader(field=value), method)("field")


def test_children_carry_their_place() -> None:
    """What is wrong deep in a document is found by its path."""
    outer = reader(properties={"a": {"items": {}}}, errors=[{"name": "A"}, {}])
    assert [name for name, _ in outer.members("properties")] == ["a"]
    with pytest.raises(SchemaError, match=r"main/properties/a/items: type must be given"):
        dict(outer.members("properties"))["a"].child("items").name("type")
    with pytest.raises(SchemaError, match=r"main/errors/1: name must be given"):
        [error.name("name") for error in outer.elements("errors")]
    assert not list(reader().members("properties"))
    assert not list(reader().elements("errors"))


def test_spans_run_upwards_from_their_least() -> None:
    """Bounds may be open and equal, but not crossed and not below the least."""
    assert reader(low=1, high=1).span("low", "high") == Span(1, 1)
    assert reader(high=1).span("low", "high") == Span(None, 1)
    assert reader(low=-5, high=-2).span("low", "high", least=None) == Span(-5, -2)
    for node in ({"low": 2, "high": 1}, {"low": -1}, {"high": -1}):
        with pytest.raises(SchemaError):
            reader(**node).span("low", "high")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("#part", "com.example.thing#part"),
        ("#main", "com.example.thing"),
        ("com.example.other", "com.example.other"),
        ("com.example.other#main", "com.example.other"),
        ("com.example.other#part", "com.example.other#part"),
    ],
)
def test_references_become_absolute(text: str, name: str) -> None:
    """A local reference belongs to its document; ``main`` goes without saying."""
    assert reader().reference(text) == name


def test_a_reference_that_is_no_nsid_is_refused() -> None:
    """A reference names a document by its NSID."""
    with pytest.raises(SchemaError, match="bad reference"):
        reader().reference("other#part")
