"""The methods that a server answers, as an OpenAPI 3.1 document made from their lexicons.

For tools that know HTTP and not XRPC. What the two languages say differently: a lexicon counts the
bytes of a text and OpenAPI its characters, so lengths here are upper bounds; names of definitions
lose their ``#``; an open union allows any object besides its members.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from atp.syntax import Nsid

Json = dict[str, Any]

SERVICE_AUTH = "serviceAuth"

_REF = "#/components/schemas/"
_ERROR = "XrpcError"
_FORMATS = {"datetime": "date-time"}
_KEPT = ("minimum", "maximum", "enum", "const", "default", "description")
_ALWAYS = {
    "400": "The call is not what the method takes, or names what is not there.",
    "401": "The token proves nothing.",
    "429": "Too many calls; the RateLimit headers say when to go on.",
}


def _only(name: str, value: Json) -> Json:
    return {"type": "object", "properties": {name: value}, "required": [name]}


_LINK = _only("$link", {"type": "string", "format": "cid"})
_LEAVES: Mapping[str, Json] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "token": {"type": "string"},
    "unknown": {"type": "object"},
    "bytes": _only("$bytes", {"type": "string", "contentEncoding": "base64"}),
    "cid-link": _LINK,
    "blob": {
        "type": "object",
        "properties": {
            "$type": {"const": "blob"},
            "ref": _LINK,
            "mimeType": {"type": "string"},
            "size": {"type": "integer", "minimum": 0},
        },
        "required": ["$type", "ref", "mimeType", "size"],
    },
}
"""The types that are said the same wherever they stand."""


def openapi(
    lexicons: Mapping[Nsid, Json], methods: Iterable[Nsid], info: Json, server: str
) -> Json:
    """The document for ``methods``, with every definition that they refer to.

    ``lexicons`` are whole documents in their JSON form, known to be sound; ``info`` is OpenAPI's.
    """
    served = list(methods)
    paths = {f"/xrpc/{nsid}": _path(nsid, lexicons[nsid]["defs"]["main"]) for nsid in served}
    return {
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": {_ERROR: _error_schema(), **_definitions(lexicons, paths)},
            "securitySchemes": {
                SERVICE_AUTH: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A service token of the caller's PDS: call through the PDS,"
                    " with the header atproto-proxy, and it is added.",
                }
            },
        },
    }


def _path(nsid: Nsid, method: Json) -> Json:
    operation: Json = {
        "operationId": str(nsid),
        "tags": [_group(nsid)],
        "summary": method.get("description", ""),
        "parameters": _parameters(nsid, method.get("parameters", {})),
        "security": [{}, {SERVICE_AUTH: []}],
        "responses": _responses(nsid, method),
    }
    if method["type"] == "procedure":
        if "input" in method:
            body = _body(nsid, method["input"])
            operation["requestBody"] = {"required": True, "content": body}
        return {"post": operation}
    return {"get": operation}


def _group(nsid: Nsid) -> str:
    return nsid.rpartition(".")[0]


def _parameters(nsid: Nsid, params: Json) -> list[Json]:
    required = params.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": field.get("description", ""),
            "schema": _schema(nsid, field),
        }
        for name, field in params.get("properties", {}).items()
    ]


def _responses(nsid: Nsid, method: Json) -> Json:
    done: Json = {"description": "Done."}
    if "output" in method:
        done["content"] = _body(nsid, method["output"])
    refused = {"application/json": {"schema": {"$ref": _REF + _ERROR}}}
    texts = {**_ALWAYS, "414": "The query is too long."}
    if method["type"] == "procedure":
        texts["413"] = "The body is too long."
    if named := [f"{error['name']}: {error.get('description', '')}" for error in _errors(method)]:
        texts["400"] += "\n\n" + "\n".join(f"- {line}" for line in named)
    return {
        "200": done,
        **{code: {"description": text, "content": refused} for code, text in texts.items()},
    }


def _errors(method: Json) -> list[Json]:
    found: list[Json] = method.get("errors", [])
    return found


def _body(nsid: Nsid, body: Json) -> Json:
    schema = _schema(nsid, body["schema"]) if "schema" in body else {}
    return {body["encoding"]: {"schema": schema}}


def _definitions(lexicons: Mapping[Nsid, Json], paths: Json) -> Json:
    """Every definition that is referred to, directly or through another, by its component name."""
    found: Json = {}
    waiting = sorted(_referred(paths))
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        nsid, part = _origin(lexicons, name)
        found[name] = _schema(nsid, lexicons[nsid]["defs"][part])
        waiting += _referred(found[name])
    return dict(sorted(found.items()))


def _origin(lexicons: Mapping[Nsid, Json], name: str) -> tuple[Nsid, str]:
    if name in lexicons:
        return Nsid(name), "main"
    nsid, _, part = name.rpartition(".")
    return Nsid(nsid), part


def _referred(node: object) -> set[str]:
    if isinstance(node, list):
        return {name for part in node for name in _referred(part)}
    if not isinstance(node, dict):
        return set()
    here = {node["$ref"].removeprefix(_REF)} if isinstance(node.get("$ref"), str) else set()
    return {name for name in here if name != _ERROR} | _referred(list(node.values()))


def _component(nsid: Nsid, ref: str) -> str:
    """The name of the component that a lexicon's reference leads to."""
    target, _, part = ref.partition("#")
    whole = target or str(nsid)
    return whole if part in ("", "main") else f"{whole}.{part}"


def _schema(nsid: Nsid, field: Json) -> Json:
    kept = {key: field[key] for key in _KEPT if key in field}
    return {**_typed(nsid, field), **kept}


def _typed(nsid: Nsid, field: Json) -> Json:
    match field["type"]:
        case "string":
            return _string(field)
        case "array":
            bounds = {"minLength": "minItems", "maxLength": "maxItems"}
            limits = {ours: field[theirs] for theirs, ours in bounds.items() if theirs in field}
            return {"type": "array", "items": _schema(nsid, field["items"]), **limits}
        case "object" | "record" as name:
            return _object(nsid, field["record"] if name == "record" else field)
        case "ref":
            return {"$ref": _REF + _component(nsid, field["ref"])}
        case "union":
            refs = [{"$ref": _REF + _component(nsid, ref)} for ref in field["refs"]]
            return {"anyOf": refs if field.get("closed") else [*refs, {"type": "object"}]}
    return _LEAVES[field["type"]]


def _string(field: Json) -> Json:
    schema: Json = {"type": "string"}
    if name := field.get("format"):
        schema["format"] = _FORMATS.get(name, name)
    if field.get("minLength"):
        schema["minLength"] = 1
    if "maxLength" in field:
        schema["maxLength"] = field["maxLength"]
    if "knownValues" in field:
        schema["examples"] = field["knownValues"]
    return schema


def _object(nsid: Nsid, field: Json) -> Json:
    nullable = field.get("nullable", ())
    properties = {
        name: _nullable(_schema(nsid, part)) if name in nullable else _schema(nsid, part)
        for name, part in field.get("properties", {}).items()
    }
    required = [name for name in field.get("required", ()) if name not in nullable]
    schema: Json = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def _nullable(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _error_schema() -> Json:
    return {
        "type": "object",
        "properties": {"error": {"type": "string"}, "message": {"type": "string"}},
        "required": ["error", "message"],
    }
