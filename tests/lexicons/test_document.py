"""Documents are read if, and only if, they follow the schema language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lexicons.document import read_document
from lexicons.reader import SchemaError
from lexicons.schema import Method, Record, Token
from tests.lexicons.examples import lexicon
from tests.shared_files import VECTORS, vector_files

INTEROP = VECTORS / "atproto-interop-tests" / "lexicon"
DOCUMENTS = [
    *vector_files("atproto-interop-tests/lexicon/catalog/*.json"),
    *vector_files("indigo/atproto/lexicon/testdata/catalog/*.json"),
    *vector_files("atproto/lexicons/**/*.json"),
    *vector_files("jetstream/lexicons/**/*.json"),
]


def interop(name: str) -> list[Any]:
    """The cases of one vector file, none where there is no reference material."""
    path = INTEROP / name
    return json.loads(path.read_bytes()) if path.exists() else []


@pytest.mark.parametrize("case", interop("lexicon-valid.json"), ids=lambda case: case["name"])
def test_valid_vectors_are_read(case: dict[str, Any]) -> None:
    """Interop: these are lexicons."""
    assert read_document(case["lexicon"]).id == case["lexicon"]["id"]


@pytest.mark.parametrize("case", interop("lexicon-invalid.json"), ids=lambda case: case["name"])
def test_invalid_vectors_are_refused(case: dict[str, Any]) -> None:
    """Interop: these are not."""
    with pytest.raises(SchemaError):
        read_document(case["lexicon"])


def test_there_are_vectors(vectors: Path) -> None:
    """The cases above ran, if there is reference material at all."""
    assert vectors
    assert len(interop("lexicon-valid.json")) >= 3
    assert len(interop("lexicon-invalid.json")) >= 7
    assert len(DOCUMENTS) >= 100


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_documents_of_others_are_read(path: Path) -> None:
    """The protocol's own lexicons, and other people's, define what their JSON says."""
    node = json.loads(path.read_bytes())
    names = {node["id"] if name == "main" else f"{node['id']}#{name}" for name in node["defs"]}
    assert set(read_document(node).definitions) == names


def test_lint_examples_are_read(vectors: Path) -> None:
    """What a linter dislikes may still be a lexicon."""
    path = vectors / "indigo" / "lex" / "lexlint" / "testdata" / "lint-examples.json"
    for example in json.loads(path.read_bytes()):
        read_document(example["schema"])


def field(**schema: object) -> dict[str, object]:
    return lexicon({"type": "object", "properties": {"a": schema}})


def query(**parts: object) -> dict[str, object]:
    return lexicon({"type": "query", **parts})


BROKEN = {
    "not an object": [],
    "version of another type": lexicon({"type": "token"}) | {"lexicon": True},
    "later version": lexicon({"type": "token"}) | {"lexicon": 2},
    "no definition": {"lexicon": 1, "id": "com.example.thing", "defs": {}},
    "hash in a name": lexicon({"type": "token"}, **{"a#b": {"type": "token"}}),
    "named union": lexicon({"type": "token"}, a={"type": "union", "refs": []}),
    "named params": lexicon({"type": "token"}, a={"type": "params"}),
    "unheard-of type": field(type="float"),
    "token within": field(type="token"),
    "record within": field(type="record"),
    "format unheard of": field(type="string", format="email"),
    "lengths crossed": field(type="string", minLength=2, maxLength=1),
    "length below zero": field(type="string", maxLength=-1),
    "graphemes crossed": field(type="string", minGraphemes=2, maxGraphemes=1),
    "integers crossed": field(type="integer", minimum=2, maximum=1),
    "const and default": field(type="boolean", const=True, default=True),
    "enum of another type": field(type="integer", enum=["1"]),
    "known values of another type": field(type="string", knownValues=[1]),
    "array of nothing": field(type="array"),
    "array length crossed": field(
        type="array", items={"type": "integer"}, minLength=2, maxLength=1
    ),
    "accept is no media range": field(type="blob", accept=["audio*"]),
    "blob size below zero": field(type="blob", maxSize=-1),
    "ref to no name": field(type="ref"),
    "ref to no nsid": field(type="ref", ref="thing"),
    "closed union of nothing": field(type="union", refs=[], closed=True),
    "required unknown": lexicon({"type": "object", "properties": {}, "required": ["a"]}),
    "nullable unknown": lexicon({"type": "object", "properties": {}, "nullable": ["a"]}),
    "record key unheard of": lexicon(
        {"type": "record", "key": "uuid", "record": {"type": "object"}}
    ),
    "record key no key": lexicon(
        {"type": "record", "key": "literal:/", "record": {"type": "object"}}
    ),
    "record without key": lexicon({"type": "record", "record": {"type": "object"}}),
    "parameters no params": query(parameters={"type": "object"}),
    "parameter is an object": query(
        parameters={"type": "params", "properties": {"a": {"type": "object"}}}
    ),
    "parameter is an array of arrays": query(
        parameters={
            "type": "params",
            "properties": {"a": {"type": "array", "items": {"type": "array", "items": {}}}},
        }
    ),
    "output without encoding": query(output={"schema": {"type": "object"}}),
    "output is a scalar": query(output={"encoding": "a/b", "schema": {"type": "integer"}}),
    "error without a name": query(errors=[{"description": "?"}]),
    "message is no union": lexicon(
        {"type": "subscription", "message": {"schema": {"type": "object"}}}
    ),
    "permission of another type": lexicon(
        {"type": "permission-set", "permissions": [{"type": "token", "resource": "repo"}]}
    ),
}


@pytest.mark.parametrize("node", BROKEN.values(), ids=BROKEN.keys())
def test_each_rule_of_the_language_is_held(node: object) -> None:
    """A document that breaks one rule is refused."""
    with pytest.raises(SchemaError):
        read_document(node)


def test_what_is_read_is_what_is_written() -> None:
    """Kinds, keys, defaults and errors come back as the document has them."""
    node = query(
        parameters={
            "type": "params",
            "required": ["a"],
            "properties": {
                "a": {"type": "integer", "minimum": 1, "default": 2},
                "b": {"type": "array", "items": {"type": "boolean"}},
            },
        },
        errors=[{"name": "Nope"}],
    )
    method = read_document(node).definitions["com.example.thing"]
    assert isinstance(method, Method)
    assert (method.kind, method.params.required) == ("query", ("a",))
    assert method.errors == {"Nope"}
    assert set(method.params.properties) == {"a", "b"}
    record = read_document(
        lexicon(
            {"type": "record", "key": "literal:self", "record": {"type": "object"}},
            t={"type": "token"},
        )
    )
    main = record.definitions["com.example.thing"]
    assert isinstance(main, Record)
    assert main.key == "literal:self"
    assert isinstance(record.definitions["com.example.thing#t"], Token)
