"""Commands that look after an index: each works beside a running service and without one."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from atp.runtime import control
from atp.runtime.lock import LockHeld, StoreLock
from atp.runtime.sqlite import Writer
from indexer import schema
from indexer.audit import derived
from indexer.rebuild import rebuild as make_anew
from lexicons.catalog import Catalog
from lexicons.names import Names
from ops.errors import CannotRun
from ops.settings import Settings

PATIENCE = 3_600.0  # seconds for a running service to carry a command out


def rebuild(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr rebuild`: make typed rows and counters anew from the raw records."""
    path = _existing(settings)
    names = Names(settings.namespace)
    try:
        with StoreLock(path):
            records = asyncio.run(_rebuild_alone(path, names))
    except LockHeld:
        told = asyncio.run(control.request(path, "rebuild", {}, PATIENCE))
        records = int(told["records"])
    _say(arguments, {"records": records}, f"{records} records read, all typed rows made anew")
    return 0


def audit(settings: Settings, arguments: argparse.Namespace) -> int:
    """`plyr audit`: 1 when a typed row or counter is not what the raw records say."""
    names = Names(settings.namespace)
    wrong = derived(_existing(settings), names, Catalog.load(names.namespace))
    found = [{"table": one.table, "subject": one.subject} for one in wrong]
    lines = [f"{one.table}: {one.subject} is not what the raw records say" for one in wrong]
    _say(arguments, {"derived": found}, "\n".join(lines) or "typed rows and counters are sound")
    return 1 if wrong else 0


async def _rebuild_alone(path: Path, names: Names) -> int:
    catalog = Catalog.load(names.namespace)
    writer = Writer(path, schema.migrations())
    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("rebuilding", total=None)
        try:
            return await writer.run(
                lambda conn: make_anew(
                    conn, names, catalog, lambda done: bars.update(bar, completed=done)
                )
            )
        finally:
            await writer.close()


def _existing(settings: Settings) -> Path:
    path = settings.data_dir / schema.FILE
    if not path.exists():
        raise CannotRun(f"there is no index at {path}: --data-dir names another folder")
    return path


def _say(arguments: argparse.Namespace, told: dict[str, object], words: str) -> None:
    print(json.dumps(told) if arguments.json else words)
