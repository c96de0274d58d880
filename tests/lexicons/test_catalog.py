"""The catalogue is whole, consistent and moved to the namespace, or there is none."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from atproto_lexicon.parser import lexicon_parse  # type: ignore[import-untyped]

from atp.errors import InvalidIdentifier
from atp.syntax import Nsid
from lexicons.catalog import Catalog, UnknownSchemaError
from lexicons.document import read_document
from lexicons.names import FOREIGN_PROFILE, Names
from lexicons.reader import SchemaError
from lexicons.schema import Integer, Object, Record
from tests.lexicons.examples import lexicon
from tests.lexicons.naive import DOCUMENTS, JSON

ROOT = Path(__file__).resolve().parents[2]
OURS = sorted(JSON.rglob("*.json"))
KINDS = ("query", "procedure")
METHODS = {name for name, defs in DOCUMENTS.items() if defs.get("main", {}).get("type") in KINDS}


@pytest.mark.parametrize("namespace", ["fm.plyr", "fm.plyr.stg", "org.example.music"])
def test_collections_and_methods_are_under_the_namespace(namespace: str) -> None:
    """Loading moves every schema of ours to the namespace and leaves those of others."""
    catalog = Catalog.load(namespace)
    names = Names(namespace)
    assert set(catalog.records) >= {*names.collections, FOREIGN_PROFILE}
    assert all(name.startswith((f"{namespace}.", "app.bsky.")) for name in catalog.records)
    assert set(catalog.methods) == {
        re.sub(r"^fm\.plyr\.", f"{namespace}.", name) for name in METHODS
    }
    theirs = {name for name in catalog.definitions if not name.startswith(f"{namespace}.")}
    assert {name.partition("#")[0] for name in theirs} == {
        name for name in DOCUMENTS if not name.startswith("fm.plyr.")
    }


def test_environments_hold_the_same_schemas() -> None:
    """Apart from its names, the catalogue of one environment is that of another."""
    moved = {
        name.replace("fm.plyr.", "fm.plyr.stg.", 1): str(definition).replace(
            "fm.plyr.", "fm.plyr.stg."
        )
        for name, definition in Catalog.load("fm.plyr").definitions.items()
    }
    staging = Catalog.load("fm.plyr.stg").definitions
    assert moved == {name: str(definition) for name, definition in staging.items()}


def test_a_namespace_that_cannot_be_is_refused() -> None:
    """Neither a namespace that is none nor one that collides with schemas of others loads."""
    with pytest.raises(InvalidIdentifier):
        Catalog.load("fm")
    with pytest.raises(SchemaError, match="defined twice"):
        Catalog.load("app.bsky")


def test_definitions_are_found_by_name() -> None:
    """``nsid`` is the main definition and ``nsid#name`` another; what is missing is an error."""
    catalog = Catalog.load()
    assert isinstance(catalog.get("fm.plyr.track"), Record)
    assert isinstance(catalog.get("fm.plyr.track#featuredArtist"), Object)
    with pytest.raises(UnknownSchemaError, match=r"fm\.plyr\.song"):
        catalog.get("fm.plyr.song")


REF = {"type": "ref", "ref": "#part"}
UNION = {"type": "union", "refs": ["#part"]}
INTEGER = {"type": "integer"}


def wrap(field: object) -> list[dict[str, object]]:
    """Documents that hold a field in each place where there can be one."""
    body = {
        "encoding": "application/json",
        "schema": {"type": "object", "properties": {"a": field}},
    }
    return [
        {"type": "object", "properties": {"a": {"type": "array", "items": field}}},
        {"type": "record", "key": "any", "record": {"type": "object", "properties": {"a": field}}},
        {"type": "query", "output": body},
        {"type": "procedure", "input": body},
    ]


@pytest.mark.parametrize("field", [REF, UNION])
@pytest.mark.parametrize("place", range(4))
def test_references_must_lead_somewhere(field: object, place: int) -> None:
    """A reference to nothing stops the start, wherever it stands; to an object it is fine."""
    main = wrap(field)[place]
    Catalog.of(
        [read_document(lexicon(main, part={"type": "object", "properties": {"a": INTEGER}}))]
    )
    for nothing in ({}, {"part": {"type": "token"}}):
        with pytest.raises(SchemaError, match=r"refers to com\.example\.thing#part"):
            Catalog.of([read_document(lexicon(main, **nothing))])


def test_unions_are_of_objects_while_references_lead_to_any_value() -> None:
    """Only an object can say in ``$type`` what it is."""
    Catalog.of([read_document(lexicon(wrap(REF)[0], part=INTEGER))])
    with pytest.raises(SchemaError):
        Catalog.of([read_document(lexicon(wrap(UNION)[0], part=INTEGER))])
    events = {"type": "subscription", "message": {"schema": UNION}}
    with pytest.raises(SchemaError):
        Catalog.of([read_document(lexicon(events, part=INTEGER))])


def test_the_protocols_own_lexicons_fit_together(vectors: Path) -> None:
    """All of com.atproto resolves within itself; what leads outside is refused."""

    def read(folder: str) -> list[Any]:
        paths = sorted((vectors / "atproto" / "lexicons" / folder).rglob("*.json"))
        return [read_document(json.loads(path.read_bytes())) for path in paths]

    catalog = Catalog.of(read("com"))
    assert len(catalog.methods) >= 80
    assert Nsid("com.atproto.lexicon.schema") in catalog.records
    with pytest.raises(SchemaError, match=r"app\.bsky\.actor\.defs"):
        Catalog.of(read("."))


def test_our_part_of_foreign_schemas_agrees_with_them(vectors: Path) -> None:
    """What we wrote down of others' definitions is, field by field, what they say."""
    for path in ("com/atproto/repo/strongRef.json", "com/atproto/label/defs.json"):
        theirs = read_document(json.loads((vectors / "atproto" / "lexicons" / path).read_bytes()))
        ours = read_document(json.loads((JSON / path).read_bytes()))
        for name, definition in ours.definitions.items():
            assert definition == theirs.definitions[name], name


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_documents_stand_where_their_id_says(path: Path) -> None:
    """The path is the id, and the SDK, which reads lexicons its own way, can read them too."""
    node = json.loads(path.read_bytes())
    assert node["id"] == ".".join(path.relative_to(JSON).with_suffix("").parts)
    assert lexicon_parse(node).id == node["id"]


def walk(node: object, key: str = "") -> Any:
    """Every string within a document, with the key that it stands under."""
    if isinstance(node, dict):
        for name, inner in node.items():
            yield from walk(inner, name)
    elif isinstance(node, list):
        for inner in node:
            yield from walk(inner, key)
    elif isinstance(node, str):
        yield key, node


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_namespace_stands_only_where_it_is_moved(path: Path) -> None:
    """NSIDs of ours occur only as ids and references, so moving them changes nothing else."""
    for key, text in walk(json.loads(path.read_bytes())):
        assert "fm.plyr" not in text or (
            key in {"id", "ref", "refs"} and text.startswith("fm.plyr.")
        )


def test_our_field_names_are_plain() -> None:
    """Names of fields and definitions are what every language can call its own."""
    for document in DOCUMENTS.values():
        for name, definition in document.items():
            schema = definition.get("record", definition)
            for field in (name, *schema.get("properties", {})):
                assert re.fullmatch("[a-z][a-zA-Z0-9]*", field)


def test_paged_queries_page_alike() -> None:
    """Wherever we set a limit it is 1 to 100, 50 if not given, and there is a cursor.

    Where others set it it is theirs, also in what is like one of their methods.
    """
    paged = [
        method
        for name, method in Catalog.load().methods.items()
        if "limit" in method.params.properties
        and name.startswith("fm.plyr.")
        and not name.endswith(".queryLabels")
    ]
    assert len(paged) > 5
    for method in paged:
        limit = method.params.properties["limit"]
        assert isinstance(limit, Integer)
        assert (limit.span.low, limit.span.high, limit.default) == (1, 100, 50)
        assert "cursor" in method.params.properties
        assert isinstance(method.output, Object)
        assert "cursor" in method.output.properties
        assert "cursor" not in method.output.required


def archive(path: Path, keep: str) -> Path:
    """A zip archive of the packages, with the schemas whose path matches."""
    with zipfile.ZipFile(path, "w") as target:
        for package in ("atp", "lexicons"):
            for file in (ROOT / package).rglob("*"):
                name = file.relative_to(ROOT).as_posix()
                if file.suffix == ".py" or (file.suffix == ".json" and re.search(keep, name)):
                    target.write(file, name)
    return path


def load_from(path: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from lexicons.catalog import Catalog; "
    code += (
        "import lexicons; assert '.zip' in lexicons.__file__; print(len(Catalog.load().records))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )


def test_schemas_are_part_of_the_package(tmp_path: Path) -> None:
    """The catalogue loads from wherever the package is, even inside an archive."""
    done = load_from(archive(tmp_path / "all.zip", ""))
    assert (done.stdout.strip(), done.returncode) == (str(len(Catalog.load().records)), 0), (
        done.stderr
    )


@pytest.mark.parametrize("keep", ["(?!)", r"(?<!/like)\.json", "com/atproto|plyr/feed|plyr/graph"])
def test_missing_schemas_stop_the_start(tmp_path: Path, keep: str) -> None:
    """An installation without schemas, or without one of a collection, does not start."""
    done = load_from(archive(tmp_path / "some.zip", keep))
    assert done.returncode == 1
    assert "SchemaError" in done.stderr


def test_a_damaged_schema_stops_the_start(tmp_path: Path) -> None:
    """A file that is no JSON is named."""
    path = archive(tmp_path / "damaged.zip", "")
    with zipfile.ZipFile(path, "a") as target:
        target.writestr("lexicons/json/fm/plyr/half.json", '{"lexicon": 1,')
    done = load_from(path)
    assert done.returncode == 1
    assert re.search(r"SchemaError: .*half\.json: not JSON", done.stderr)
