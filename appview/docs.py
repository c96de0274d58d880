"""The page at ``/docs``: what can be asked here, for a person who writes a client.

It is made from the OpenAPI document and so from the lexicons: nothing in it can be out of date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from atp.runtime.asgi import Request, Response, json_response
from atp.runtime.xrpc import Page
from atp.syntax import Nsid
from lexicons.catalog import packaged
from lexicons.names import Names
from lexicons.openapi import Json, openapi

_SECURITY = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"referrer-policy", b"no-referrer"),
)
_REF = "#/components/schemas/"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>plyr AppView: methods</title>
<style>
:root {{ color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }}
body {{ font: 1rem/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 72rem;
  padding: 1.5rem 1rem;
  display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 0 2.5rem; }}
header {{ grid-column: 1 / -1; }}
h1 {{ font-size: 1.6rem; margin: 0; }}
nav {{ position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto;
  font-size: .85rem; padding: 1rem 0; }}
nav h2 {{ font-size: .8rem; margin: 1rem 0 .2rem; opacity: .75; font-weight: 600; }}
nav a {{ display: block; text-decoration: none; padding: .1rem 0; overflow-wrap: anywhere; }}
section {{ border-top: 1px solid var(--line); padding: 1.2rem 0; }}
section h2 {{ font: 600 1.05rem ui-monospace, monospace; margin: 0; overflow-wrap: anywhere; }}
h3 {{ font-size: .85rem; margin: 1rem 0 .3rem; }}
p {{ margin: .4rem 0; }}
table {{ border-collapse: collapse; width: 100%; font-size: .9rem; }}
td {{ border-top: 1px solid var(--line); padding: .3rem .8rem .3rem 0; vertical-align: top; }}
td:first-child, td:nth-child(2) {{ white-space: nowrap; width: 1%; }}
code, pre, td:first-child {{ font: .85rem/1.5 ui-monospace, monospace; }}
pre {{ background: var(--line); border-radius: .4rem; padding: .6rem .8rem; margin: .6rem 0;
  overflow: auto; }}
.note {{ opacity: .75; }}
@media (max-width: 48rem) {{ body {{ grid-template-columns: minmax(0, 1fr); }}
  nav {{ position: static; max-height: none; }}
  td:first-child, td:nth-child(2) {{ white-space: normal; width: auto; }} }}
</style>
<header><h1>Methods</h1>
<p>Every method is called at <code>{server}/xrpc/</code> and its name. Queries are GET with
parameters in the address, procedures POST with JSON. To be known as an account, call through its
PDS with the header <code>atproto-proxy: {proxy}</code>; without, everything public is
answered alike. For tools: <a href="/openapi.json">/openapi.json</a>.</p></header>
<nav>{links}</nav>
<main>{methods}</main>
</html>
"""


def documentation(
    methods: Iterable[Nsid], names: Names, *, url: str, service_did: str, version: str
) -> Mapping[str, Page]:
    """The pages that tell of these methods: one for people, one for tools."""
    lexicons = {Nsid(document["id"]): document for document in packaged(names.namespace)}
    info = {
        "title": "plyr AppView",
        "version": version,
        "description": f"Queries over {names.namespace} music on the AT Protocol.",
    }
    document = openapi(lexicons, sorted(methods), info, url)
    for_tools, for_people = json_response(document), docs_page(document, service_did)

    async def show_document(_request: Request) -> Response:
        return for_tools

    async def show_page(_request: Request) -> Response:
        return for_people

    return {"/openapi.json": show_document, "/docs": show_page}


def docs_page(document: Json, service_did: str) -> Response:
    """The page of an OpenAPI document."""
    server = document["servers"][0]["url"]
    operations = [
        (verb, operation) for path in document["paths"].values() for verb, operation in path.items()
    ]
    page = _PAGE.format(
        server=escape(server),
        proxy=escape(f"{service_did}#plyr_appview"),
        links="".join(_links([operation for _, operation in operations])),
        methods="".join(
            _method(verb, operation, document, server) for verb, operation in operations
        ),
    )
    return Response(page.encode(), content_type=b"text/html; charset=utf-8", headers=_SECURITY)


def _links(operations: list[Json]) -> Iterator[str]:
    group = ""
    for operation in operations:
        (tag,), name = operation["tags"], operation["operationId"]
        if tag != group:
            group = tag
            yield f"<h2>{escape(tag)}</h2>"
        yield f'<a href="#{escape(name)}">{escape(name.removeprefix(tag + "."))}</a>'


def _method(verb: str, operation: Json, document: Json, server: str) -> str:
    name = operation["operationId"]
    parts = [f'<section id="{escape(name)}"><h2>{escape(name)}</h2>']
    parts.append(f"<p>{escape(operation['summary'])}</p>")
    if operation["parameters"]:
        parts.append("<h3>Parameters</h3>" + _table(map(_parameter, operation["parameters"])))
    if body := operation.get("requestBody"):
        parts += _fields("Body", body, document)
    parts += _fields("Answer", operation["responses"]["200"], document)
    if "\n" in (refusals := operation["responses"]["400"]["description"]):
        lines = refusals.partition("\n\n")[2].splitlines()
        errors = (line.removeprefix("- ").partition(": ") for line in lines)
        parts.append("<h3>Errors</h3>" + _table((error, "", text) for error, _, text in errors))
    if verb == "get":
        parts.append(f"<pre>{escape(_curl(server, operation))}</pre>")
    return "".join([*parts, "</section>"])


def _parameter(parameter: Json) -> tuple[str, str, str]:
    schema = parameter["schema"]
    needed = "required" if parameter["required"] else ""
    if "default" in schema:
        needed = f"{schema['default']} if not given"
    text = parameter["description"]
    return parameter["name"], _type(schema), " · ".join(part for part in (text, needed) if part)


def _fields(title: str, holder: Json, document: Json) -> list[str]:
    """The fields of a body, those of a definition that it is as a whole among them."""
    found = []
    for encoding, content in holder.get("content", {}).items():
        schema = _resolved(content["schema"], document)
        if "properties" in schema:
            rows = map(_field, schema["properties"].items())
            found.append(f"<h3>{title}</h3>" + _table(rows))
        else:
            found.append(f'<h3>{title}</h3><p class="note">{escape(encoding)}</p>')
    return found


def _field(item: tuple[str, Json]) -> tuple[str, str, str]:
    name, schema = item
    return name, _type(schema), schema.get("description", "")


def _resolved(schema: Json, document: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Json = document["components"]["schemas"][schema["$ref"].removeprefix(_REF)]
    return found


def _type(schema: Json) -> str:
    """A type in a word or two."""
    if ref := schema.get("$ref"):
        return str(ref).rpartition(".")[2]
    if schema.get("type") == "array":
        return f"{_type(schema['items'])}, several"
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    kind = str(schema.get("format") or schema.get("type", "object"))
    if "maximum" in schema:
        return f"{kind}, {schema.get('minimum', '')} to {schema['maximum']}"
    return kind


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    lines = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _curl(server: str, operation: Json) -> str:
    """A command that calls the method; what its caller has to fill in is in angle brackets."""
    needed = [one["name"] for one in operation["parameters"] if one["required"]]
    query = "&".join(f"{name}=<{name}>" for name in needed)
    return f"curl '{server}/xrpc/{operation['operationId']}{'?' + query if query else ''}'"
