"""A wait that is shortened is shortened wherever it is waited."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.simulator.haste import WAITS

ROOT = Path(__file__).parents[2]


def test_nobody_keeps_a_wait_as_it_was() -> None:
    """A module that imports a wait by its name would not notice; it must be shortened there too."""
    shortened = {(module.__name__, name) for module, name, _ in WAITS}
    kept = [
        f"{path.relative_to(ROOT)}: {node.module}.{alias.name}"
        for room in ("atp", "indexer", "pds_client")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if (node.module, alias.name) in shortened and (_module(path), alias.name) not in shortened
    ]
    assert kept == []


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)
