"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from atp.runtime import config
from ops import cli
from ops.settings import Settings
from tests.appview.client import Client
from tests.appview.index import Index
from tests.conftest import ROOT

MAX_LINES = 400
PACKAGES = ("atp", "appview", "indexer", "labeler", "lexicons", "ops", "pds_client")
SQL_ROOMS = (
    "/store.py",
    "/store_",
    "appview/private.py",
    "/store/",
    "/records/",
    "/schema/",
    "ops/bench/",  # which looks at what was measured
    "atp/runtime/sqlite.py",
    "atp/runtime/eventlog.py",
)
SQL = re.compile(r"\b(SELECT .+ FROM|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|PRAGMA) ?")


def tracked(pattern: str) -> list[Path]:
    """The files of the tree that match, tracked or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def test_no_python_file_is_too_long() -> None:
    """A file that grows past the limit has more than one job."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked("*.py")
        if (lines := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert long == {}


def test_sql_stands_at_its_seams() -> None:
    """Statements are written in stores, record modules and schemas, nowhere else."""
    strays = []
    for path in tracked("*.py"):
        name = str(path.relative_to(ROOT))
        if not name.startswith(PACKAGES) or any(room in f"/{name}" for room in SQL_ROOMS):
            continue
        strays += [
            f"{name}:{node.lineno}"
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and SQL.search(str(node.value))
        ]
    assert strays == []


def test_every_setting_is_documented() -> None:
    """docs/CONFIG.md lists each setting with its flag and default, and no other."""
    documented = re.findall(
        r"^\| `(PLYR_\w+)` \| `(--[\w-]+)` \| (?:`(.*?)`)? *\|",
        (ROOT / "docs/CONFIG.md").read_text(),
        re.MULTILINE,
    )
    declared = [(item.env, item.flag, item.default) for item in config.describe(Settings)]
    assert documented == declared


def test_readme_lists_every_query_and_only_commands_that_exist(tmp_path: Path) -> None:
    """The table of queries is that of the AppView; each `make` and `plyr` command is there."""
    text = (ROOT / "README.md").read_text()
    listed = re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE)
    index = Index(tmp_path / "index.db")
    client = Client(index)
    assert sorted(listed) == sorted(client.methods)
    client.close()
    index.conn.close()
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= set(targets)
    told = set(re.findall(r"`plyr ([a-z]+)", text))
    assert told
    for command in told:
        with pytest.raises(SystemExit) as done:
            cli.main([command, "--help"])
        assert done.value.code == 0


def test_laws_name_tests_that_exist() -> None:
    """Each test that docs/INVARIANTS.md names can be collected."""
    text = (ROOT / "docs/INVARIANTS.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert len(named) > 10
    for file, function in named:
        path = ROOT / file
        assert path.exists(), file
        if function:
            assert f"def {function}(" in path.read_text(), f"{file}::{function}"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_it_is(package: str) -> None:
    """Each module has a docstring that says what it is for."""
    for path in (ROOT / package).rglob("*.py"):
        if "npm" not in path.parts and "node_modules" not in path.parts:
            assert ast.get_docstring(ast.parse(path.read_text())), path
