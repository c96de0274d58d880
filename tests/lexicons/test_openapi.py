"""The OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from atp.syntax import Nsid
from lexicons.catalog import Catalog, packaged
from lexicons.openapi import openapi

LEXICONS = {Nsid(document["id"]): document for document in packaged("fm.plyr")}
METHODS = sorted(Catalog.load().methods)
DOCUMENT: dict[str, Any] = openapi(
    LEXICONS, METHODS, {"title": "t", "version": "1"}, "https://appview.test"
)


def test_it_is_openapi() -> None:
    """The document of all our methods is sound by OpenAPI's own schema, references included."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    assert {path.removeprefix("/xrpc/") for path in DOCUMENT["paths"]} == set(METHODS)


def test_a_query() -> None:
    """Parameters with their bounds and defaults, errors by name, and the answer."""
    operation = DOCUMENT["paths"]["/xrpc/fm.plyr.feed.getTrackComments"]["get"]
    parameters = {one["name"]: one for one in operation["parameters"]}
    assert parameters["uri"]["required"]
    assert parameters["uri"]["schema"]["format"] == "at-uri"
    limit = {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
    assert parameters["limit"]["schema"] == limit
    assert parameters["sort"]["schema"]["enum"] == ["position", "newest"]
    assert "RecordNotFound" in operation["responses"]["400"]["description"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    items = answer["properties"]["comments"]["items"]
    assert items == {"$ref": "#/components/schemas/fm.plyr.feed.defs.commentView"}


def test_definitions_are_those_that_are_needed() -> None:
    """What is referred to is there, through others too; what is not is left out."""
    one = openapi(LEXICONS, [Nsid("fm.plyr.feed.getTrack")], {}, "")["components"]["schemas"]
    assert {"fm.plyr.feed.defs.trackView", "fm.plyr.actor.defs.actorView"} < one.keys()
    assert "fm.plyr.graph.defs.listView" not in one


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"type": "boolean", "default": False}, {"type": "boolean", "default": False}),
        (
            {"type": "string", "minLength": 3, "maxLength": 9, "knownValues": ["a"]},
            {"type": "string", "minLength": 1, "maxLength": 9, "examples": ["a"]},
        ),
        ({"type": "string", "format": "datetime"}, {"type": "string", "format": "date-time"}),
        ({"type": "token", "description": "d"}, {"type": "string", "description": "d"}),
        (
            {"type": "array", "items": {"type": "unknown"}, "maxLength": 2},
            {"type": "array", "items": {"type": "object"}, "maxItems": 2},
        ),
        (
            {"type": "union", "refs": ["#b"], "closed": True},
            {"anyOf": [{"$ref": "#/components/schemas/com.example.a.b"}]},
        ),
        (
            {"type": "union", "refs": []},
            {"anyOf": [{"type": "object"}]},
        ),
        (
            {
                "type": "object",
                "required": ["a", "b"],
                "nullable": ["b"],
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            },
            {
                "type": "object",
                "required": ["a"],
                "properties": {
                    "a": {"type": "integer"},
                    "b": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                },
            },
        ),
    ],
)
def test_types(field: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each type of the schema language as OpenAPI says it."""
    main = {
        "type": "query",
        "output": {
            "encoding": "application/json",
            "schema": {"type": "object", "properties": {"x": field}},
        },
    }
    defs = {"main": main, "b": {"type": "object", "properties": {}}}
    nsid = Nsid("com.example.a")
    made = openapi({nsid: {"id": nsid, "defs": defs}}, [nsid], {}, "")
    answer = made["paths"][f"/xrpc/{nsid}"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["properties"]["x"] == expected
